//! The data of events, by aggregate. Ids, codes, instants and states; nothing personal, no free text.

mod catalogue;
mod entitlements;
mod invitation;
mod organization;
mod registration;
mod user;

pub use catalogue::{AccessPolicy, CatalogueEntry, RegistrationPolicy};
pub use entitlements::{Access, Relationship, Subscription};
pub use invitation::{InvitationAccepted, InvitationEnded, InvitationOffer, InvitationOffered, InvitationSent};
pub use organization::{OrganizationApproved, OrganizationChanged};
pub use registration::{RegistrationLinked, RegistrationMoved, RegistrationStarted, RegistrationSubmitted};
pub use user::{AssignedRole, PersonErased, Role, UserChanged, UserCreated, UserRole};
