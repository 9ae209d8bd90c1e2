//! Black-box tests, in one binary: linking is what takes long.

mod store_contract;
