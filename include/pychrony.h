/*
 * pychrony for C: ask chronyd how good the system's clock is, from an extension module or a program that embeds Python.
 *
 *	#include <pychrony.h>
 *
 *	if (PyChrony_Import() < 0)                              // once, as in a module's init function
 *		return NULL;
 *	PyChrony_Tracking clock;
 *	if (PyChrony_API->GetTracking(NULL, 3.0, &clock) < 0)   // a Python exception is set
 *		return NULL;
 *	use(clock.offset, clock.root_dispersion);
 *
 * All functions need the thread to hold the GIL (to be attached), and release it while they wait. They raise the exceptions
 * that the functions of the same names raise in Python. The directory of this file is pychrony.get_include().
 *
 * C99 or later, C++11 or later.
 */

#ifndef PYCHRONY_H
#define PYCHRONY_H

#include <Python.h>

#include "pychrony_records.h"

#ifdef __cplusplus
extern "C" {
#endif

/*
 * The version of the table below. It changes only when a function or a record is changed or removed. New functions are added
 * at the table's end: an extension built with an older header goes on working with a newer pychrony, and one built with a newer
 * header is told at PyChrony_Import() that pychrony is too old for it.
 */
#define PYCHRONY_ABI_VERSION 1

/* A timeout: wait for ever. */
#define PYCHRONY_FOREVER (-1.0)

/* What a machine's oscillator is allowed to do beyond what chronyd knows of it, unless you know better. */
#define PYCHRONY_MAX_DRIFT_PPM 15.0

/*
 * address   absolute path of chronyd's Unix socket, or an IP address with an optional port; NULL: the one in the environment
 *           variable PYCHRONY_ADDRESS, else the first reachable one of chronyd's usual addresses
 * timeout   seconds for the whole call, more than 0, or PYCHRONY_FOREVER
 *
 * ONE         fills *record; returns 0, or -1 with an exception set.
 * IF_ENABLED  the same; returns 1 and leaves *record alone if what the report is about is not enabled.
 * LIST        sets *records to an array that the caller frees with PyMem_Free(), NULL if it is empty; returns the number
 *             of records, or -1 with an exception set.
 */
#define PYCHRONY_ONE_(name, record_type) int (*name)(const char *address, double timeout, record_type *record);
#define PYCHRONY_LIST_(name, record_type) Py_ssize_t (*name)(const char *address, double timeout, record_type **records);

typedef struct {
	uint32_t abi_version; /* PYCHRONY_ABI_VERSION of the pychrony that is loaded */
	uint32_t size;        /* bytes of its table */
	/* GetTracking, GetSources, ...: see the end of pychrony_records.h */
	PYCHRONY_FUNCTIONS(PYCHRONY_ONE_, PYCHRONY_ONE_, PYCHRONY_LIST_)
	/*
	 * The greatest error of the system clock, as pychrony.error_bound() gives it, from two reports that belong together:
	 * sets *bound to seconds and returns 0; returns 1 and leaves *bound alone if no bound can be given; -1 with a
	 * ValueError set for numbers that chronyd cannot send.
	 *
	 * max_drift_ppm  what the oscillator may do beyond what chronyd knows: PYCHRONY_MAX_DRIFT_PPM, or your own
	 * extra_error    seconds that the sources may be wrong by beyond what they say; 0.0 for none
	 */
	int (*ErrorBound)(const PyChrony_Tracking *tracking, const PyChrony_Source *sources, Py_ssize_t count,
			  double max_drift_ppm, double extra_error, double *bound);
} PyChrony_Table;

#undef PYCHRONY_ONE_
#undef PYCHRONY_LIST_

/* The functions, after PyChrony_Import(): one pointer for each C file that includes this header, as in <datetime.h>. */
static const PyChrony_Table *PyChrony_API = NULL;

/* Imports pychrony and sets PyChrony_API. Returns 0, or -1 with an exception set: an ImportError says what is missing. */
static inline int PyChrony_Import(void) {
	/* PyCapsule_Import() would replace an error, such as one that says that libchrony is missing, with one of its own. */
	PyObject *module = PyImport_ImportModule("pychrony");
	PyObject *capsule = module ? PyObject_GetAttrString(module, "_C_API") : NULL;
	const PyChrony_Table *table =
		capsule ? (const PyChrony_Table *)PyCapsule_GetPointer(capsule, "pychrony._C_API") : NULL;

	Py_XDECREF(capsule); /* the table is static */
	Py_XDECREF(module);
	if (!table) {
		if (module)
			PyErr_SetString(PyExc_ImportError,
					"what is imported as pychrony has no C interface: it is another module, or too old");
		return -1;
	}
	if (table->abi_version != PYCHRONY_ABI_VERSION || table->size < sizeof(PyChrony_Table)) {
		PyErr_Format(PyExc_ImportError,
			     "the installed pychrony has C interface %u of %u bytes, but this extension was built for %u of "
			     "%u bytes: rebuild the extension, or install a later pychrony",
			     (unsigned)table->abi_version, (unsigned)table->size, (unsigned)PYCHRONY_ABI_VERSION,
			     (unsigned)sizeof(PyChrony_Table));
		return -1;
	}
	PyChrony_API = table;
	return 0;
}

/*
 * The init function of the module, for a program that links libpychrony.a and embeds Python:
 *
 *	PyImport_AppendInittab("pychrony", PyInit_pychrony);
 *	Py_Initialize();
 */
PyMODINIT_FUNC PyInit_pychrony(void);

#ifdef __cplusplus
}
#endif

#endif
