//! Templates, SMTP, maildir, and the dispatcher that sends each mail once for its cause
