//! What reviewers work from: submitted cases by due time
