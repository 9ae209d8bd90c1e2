//! Stories through the real thing: one test binary, so that it links once.

mod support;

mod mailer;
