//! Compiles the one C file, and passes on what the Python to build for is like.

use std::env;

fn main() {
    println!("cargo:rerun-if-changed=src/chrony/abi.c");
    println!("cargo:rerun-if-env-changed=CI");
    cc::Build::new()
        .file("src/chrony/abi.c")
        .std("c11")
        .warnings(true)
        .extra_warnings(true)
        .warnings_into_errors(env::var_os("CI").is_some())
        .compile("pychrony_abi");
    pyo3_build_config::use_pyo3_cfgs();
}
