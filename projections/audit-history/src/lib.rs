//! Who did what, when, why and from where, for every organization, person and case
