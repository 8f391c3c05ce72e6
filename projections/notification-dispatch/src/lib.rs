//! The outbox: mails owed, which are causes minus fates
