/*
 * All of pychrony's C functions for Python: each as a function of the same name that returns what C gets, field by field.
 *
 * fields.h is written by the test: for each record FIELDS_<type>(FIELD), the fields that the type has in Python.
 */

#define PY_SSIZE_T_CLEAN
#include <pychrony.h>

#include <string.h>

#include "fields.h"

#ifndef MODULE
#define MODULE reports
#endif
#define TEXT(name) #name
#define TEXT_OF(name) TEXT(name)
#define INIT(name) PyInit_##name
#define INIT_OF(name) INIT(name)

static PyObject *from_unsigned(uint64_t value) {
	return PyLong_FromUnsignedLongLong(value);
}

static PyObject *from_signed(int64_t value) {
	return PyLong_FromLongLong(value);
}

/* Takes over `value`. */
static int put(PyObject *record, const char *name, PyObject *value) {
	int failed = !value || PyDict_SetItemString(record, name, value) < 0;

	Py_XDECREF(value);
	return failed ? -1 : 0;
}

/* The record's size goes with its fields: it shows where a field was left out. */
#define OBJECT(value) \
	_Generic((value), uint64_t: from_unsigned, int64_t: from_signed, double: PyFloat_FromDouble, \
		 char *: PyUnicode_FromString)(value)
#define FIELD(name) || put(result, #name, OBJECT(record->name)) < 0 || (size += sizeof record->name, 0)

#define CONVERTER(function, type) \
	static PyObject *function##_record(type *record) { \
		PyObject *result = PyDict_New(); \
		size_t size = 0; \
		if (!result FIELDS_##type(FIELD)) { \
			Py_XDECREF(result); \
			return NULL; \
		} \
		if (size != sizeof *record) { \
			Py_DECREF(result); \
			PyErr_SetString(PyExc_AssertionError, #type " has fields that Python does not know"); \
			return NULL; \
		} \
		return result; \
	}
PYCHRONY_FUNCTIONS(CONVERTER, CONVERTER, CONVERTER)

/* The address is None for NULL, else bytes. */
static int parse(PyObject *args, const char **address, double *timeout) {
	PyObject *given;

	*timeout = 3.0;
	if (!PyArg_ParseTuple(args, "O|d", &given, timeout))
		return -1;
	*address = given == Py_None ? NULL : PyBytes_AsString(given);
	return PyErr_Occurred() ? -1 : 0;
}

#define UNTOUCHED 0x5a

/* (what the function returned, the record; None where it was left alone) */
#define ONE(function, type) \
	static PyObject *function(PyObject *module, PyObject *args) { \
		const char *address; \
		double timeout; \
		type record, blank; \
		int status; \
		(void)module; \
		if (parse(args, &address, &timeout) < 0) \
			return NULL; \
		memset(&record, UNTOUCHED, sizeof record); \
		memset(&blank, UNTOUCHED, sizeof blank); \
		status = PyChrony_API->function(address, timeout, &record); \
		if (status < 0) \
			return NULL; \
		if (memcmp(&record, &blank, sizeof record) == 0) \
			return Py_BuildValue("(iO)", status, Py_None); \
		return Py_BuildValue("(iN)", status, function##_record(&record)); \
	}

/* (what the function returned, the records; None where there is no array) */
#define LIST(function, type) \
	static PyObject *function(PyObject *module, PyObject *args) { \
		const char *address; \
		double timeout; \
		type *records = (type *)&records; \
		PyObject *list; \
		Py_ssize_t count; \
		(void)module; \
		if (parse(args, &address, &timeout) < 0) \
			return NULL; \
		count = PyChrony_API->function(address, timeout, &records); \
		if (count < 0) \
			return NULL; \
		if (!records) \
			return Py_BuildValue("(nO)", count, Py_None); \
		list = PyList_New(count); \
		for (Py_ssize_t index = 0; list && index < count; index++) { \
			PyObject *item = function##_record(&records[index]); \
			if (!item || PyList_SetItem(list, index, item) < 0) \
				Py_CLEAR(list); \
		} \
		PyMem_Free(records); \
		return Py_BuildValue("(nN)", count, list); \
	}
PYCHRONY_FUNCTIONS(ONE, ONE, LIST)

/* (what the function returned, the bound; None where it was left alone), from a chronyd's reports */
static PyObject *ErrorBound(PyObject *module, PyObject *args) {
	const char *address;
	double max_drift, extra_error, bound = -1.0;
	PyChrony_Tracking tracking;
	PyChrony_Source *sources;
	Py_ssize_t count;
	int status;
	(void)module;
	if (!PyArg_ParseTuple(args, "ydd", &address, &max_drift, &extra_error))
		return NULL;
	if (PyChrony_API->GetTracking(address, PYCHRONY_FOREVER, &tracking) < 0)
		return NULL;
	count = PyChrony_API->GetSources(address, PYCHRONY_FOREVER, &sources);
	if (count < 0)
		return NULL;
	status = PyChrony_API->ErrorBound(&tracking, sources, count, max_drift, extra_error, &bound);
	PyMem_Free(sources);
	if (status < 0)
		return NULL;
	return bound < 0 ? Py_BuildValue("(iO)", status, Py_None) : Py_BuildValue("(id)", status, bound);
}

#define METHOD(function, type) {#function, function, METH_VARARGS, NULL},
static PyMethodDef methods[] = {PYCHRONY_FUNCTIONS(METHOD, METHOD, METHOD){"ErrorBound", ErrorBound, METH_VARARGS, NULL}, {NULL, NULL, 0, NULL}};

static int exec(PyObject *module) {
	if (PyChrony_Import() < 0)
		return -1;
	return PyModule_AddIntConstant(module, "table_size", PyChrony_API->size) < 0 ||
			       PyModule_AddIntConstant(module, "needed_size", sizeof(PyChrony_Table)) < 0
		       ? -1
		       : 0;
}

static PyModuleDef_Slot slots[] = {
	{Py_mod_exec, (void *)exec},
#ifdef Py_mod_multiple_interpreters
	{Py_mod_multiple_interpreters, Py_MOD_PER_INTERPRETER_GIL_SUPPORTED},
#endif
#ifdef Py_mod_gil
	{Py_mod_gil, Py_MOD_GIL_NOT_USED},
#endif
	{0, NULL},
};

static struct PyModuleDef definition = {
	.m_base = PyModuleDef_HEAD_INIT,
	.m_name = TEXT_OF(MODULE),
	.m_methods = methods,
	.m_slots = slots,
};

PyMODINIT_FUNC INIT_OF(MODULE)(void) {
	return PyModuleDef_Init(&definition);
}
