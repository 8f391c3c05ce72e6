//! The HTTP API: one file per endpoint, OpenAPI, problem+json
