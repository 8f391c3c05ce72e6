//! Events to commands: onboarding, offers to registered organizations, deadlines
