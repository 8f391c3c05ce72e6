//! Organizations, their users, staff and the application catalogue
