//! Compiles the C files, and passes on the properties of the Python to build for.

use std::env;

fn main() {
    for path in ["src/chrony/abi.c", "src/reports/layout.c", "include/pychrony_records.h"] {
        println!("cargo:rerun-if-changed={path}");
    }
    println!("cargo:rerun-if-env-changed=CI");
    cc::Build::new()
        .file("src/chrony/abi.c")
        .file("src/reports/layout.c") // no code: assertions on the structs in include/
        .include("include")
        .std("c11")
        .warnings(true)
        .extra_warnings(true)
        .warnings_into_errors(env::var_os("CI").is_some())
        .compile("pychrony_abi");
    pyo3_build_config::use_pyo3_cfgs();
}
