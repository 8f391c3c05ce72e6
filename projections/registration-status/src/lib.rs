//! Where a case stands and who acts next
