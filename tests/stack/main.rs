//! The deployed application, from outside.

#[path = "../support/stack.rs"]
mod support;
