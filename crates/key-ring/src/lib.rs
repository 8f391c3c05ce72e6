//! Keys of personal data: leased in durable blocks, used to seal, destroyed to forget
