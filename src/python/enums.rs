//! The enumerations, made by Python's own `enum` module.

use pyo3_ffi as ffi;

use super::object::{Owned, Result, dictionary, import, list, string, tuple, unsigned};
use crate::chrony::record::Enumeration;

/// A class of the `enum` module, and its members at hand.
pub struct EnumType {
    table: &'static Enumeration,
    pub class: Owned,
    /// With their values: of flags, none is one too.
    members: Vec<(u64, Owned)>,
}

impl EnumType {
    /// Makes the classes of tables.
    pub fn new_all(tables: &[&'static Enumeration]) -> Result<Vec<Self>> {
        let enums = import(c"enum")?;
        let keywords = dictionary([(c"module", string("pychrony"))].into_iter())?;
        tables.iter().map(|table| Self::new(table, &enums, &keywords)).collect()
    }

    /// Makes the class, as `enum.IntEnum(name, members, module="pychrony")` does.
    fn new(table: &'static Enumeration, enums: &Owned, keywords: &Owned) -> Result<Self> {
        let base = enums.attribute(if table.flags { c"IntFlag" } else { c"IntEnum" })?;
        let members =
            list(table.members.iter().map(|&(name, value)| {
                tuple([string(&name.to_string_lossy()), unsigned(u64::from(value))].into_iter())
            }))?;
        let arguments = tuple([string(&table.name.to_string_lossy()), Ok(members)].into_iter())?;
        // SAFETY: live objects; the result is a new reference.
        let class = unsafe { Owned::new(ffi::PyObject_Call(base.as_ptr(), arguments.as_ptr(), keywords.as_ptr())) }?;
        class.set_attribute(c"__doc__", &string(&table.doc.to_string_lossy())?)?;
        let mut members = Vec::with_capacity(table.members.len() + 1);
        if table.flags {
            members.push((0, class.call(&[&unsigned(0)?])?));
        }
        for &(name, value) in table.members {
            members.push((u64::from(value), class.attribute(name)?));
        }
        Ok(Self { table, class, members })
    }

    /// The member of this value; of flags, also a combination or an unknown bit.
    pub fn member(&self, value: u64) -> Result<Owned> {
        match self.members.iter().find(|(known, _)| *known == value) {
            Some((_, member)) => Ok(member.share()),
            None => self.class.call(&[&unsigned(value)?]),
        }
    }

    pub fn is_of(&self, table: &'static Enumeration) -> bool {
        std::ptr::eq(self.table, table)
    }

    pub fn references(&self) -> impl Iterator<Item = &Owned> {
        std::iter::once(&self.class).chain(self.members.iter().map(|(_, member)| member))
    }
}
