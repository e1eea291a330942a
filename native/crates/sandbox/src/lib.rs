//! The steps that turn a fresh process into a container.
