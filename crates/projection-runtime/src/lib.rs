//! Feeds read models from the log: decode once, apply with the checkpoint in one transaction, rebuild beside the live one
