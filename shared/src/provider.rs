//! The message provider.
