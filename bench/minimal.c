/*
 * The minimal binding: a C extension that makes the floor's calls with the GIL released, and returns the values as a tuple. It
 * checks nothing, shares nothing and names nothing: what it costs beyond the floor is the cost of being called from Python.
 *
 * One connection is open at a time: open(LIBRARY, ADDRESS), then ask(). once(ADDRESS) opens a session for that call only.
 */

#define PY_SSIZE_T_CLEAN
#include <Python.h>

#include "library.h"

static struct connection connection;

static PyObject *value_of(chrony_session *session, int index) {
	struct timespec time;

	switch (chrony.get_field_type(session, index)) {
	case CHRONY_TYPE_UINTEGER:
		return PyLong_FromUnsignedLongLong(chrony.get_field_uinteger(session, index));
	case CHRONY_TYPE_INTEGER:
		return PyLong_FromLongLong(chrony.get_field_integer(session, index));
	case CHRONY_TYPE_FLOAT:
		return PyFloat_FromDouble(chrony.get_field_float(session, index));
	case CHRONY_TYPE_TIMESPEC:
		time = chrony.get_field_timespec(session, index);
		return PyFloat_FromDouble(time.tv_sec + time.tv_nsec / 1e9);
	default:
		return PyUnicode_FromString(chrony.get_field_string(session, index));
	}
}

/* Asks for the tracking report. */
static PyObject *ask_of(const struct connection *asked) {
	const struct report *report = report_named("tracking");
	Py_ssize_t count = 0;
	PyObject *values;

	Py_BEGIN_ALLOW_THREADS
	request_record(asked, report, 0);
	Py_END_ALLOW_THREADS
	while (report->fields[count] != NULL)
		count++;
	values = PyTuple_New(count);
	for (Py_ssize_t i = 0; values != NULL && i < count; i++) {
		PyObject *value = value_of(asked->session, chrony.get_field_index(asked->session, report->fields[i]));

		if (value == NULL)
			Py_CLEAR(values);
		else
			PyTuple_SET_ITEM(values, i, value);
	}
	return values;
}

static PyObject *minimal_open(PyObject *module, PyObject *arguments) {
	const char *library, *address;

	(void)module;
	if (!PyArg_ParseTuple(arguments, "ss", &library, &address))
		return NULL;
	library_open(library);
	connection = connect_to(address);
	Py_RETURN_NONE;
}

static PyObject *minimal_ask(PyObject *module, PyObject *unused) {
	(void)module;
	(void)unused;
	return ask_of(&connection);
}

static PyObject *minimal_once(PyObject *module, PyObject *argument) {
	const char *address = PyUnicode_AsUTF8(argument);
	struct connection once;
	PyObject *values;

	(void)module;
	if (address == NULL)
		return NULL;
	once = connect_to(address);
	values = ask_of(&once);
	disconnect(&once);
	return values;
}

static PyMethodDef functions[] = {
	{"open", minimal_open, METH_VARARGS, NULL},
	{"ask", minimal_ask, METH_NOARGS, NULL},
	{"once", minimal_once, METH_O, NULL},
	{NULL, NULL, 0, NULL},
};

static PyModuleDef definition = {PyModuleDef_HEAD_INIT, .m_name = "minimal", .m_size = -1, .m_methods = functions};

PyMODINIT_FUNC PyInit_minimal(void) {
	return PyModule_Create(&definition);
}
