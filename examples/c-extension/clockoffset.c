/* How far the system's clock is off, for a C extension: one call of pychrony's C interface and its error path. */

#define PY_SSIZE_T_CLEAN
#include <pychrony.h>

static PyObject *offset(PyObject *module, PyObject *args) {
	const char *address = NULL;
	double timeout = 3.0;
	PyChrony_Tracking clock;

	(void)module;
	if (!PyArg_ParseTuple(args, "|zd:offset", &address, &timeout))
		return NULL;
	if (PyChrony_API->GetTracking(address, timeout, &clock) < 0)
		return NULL; /* the exception is set, as pychrony.get_tracking() would have raised it */
	/* Without a source the offset is 0. The second ID is that of the local reference: chronyd's own clock. */
	if (clock.leap_status == PYCHRONY_LeapStatus_UNSYNC || clock.reference_id == 0x7F7F0101) {
		PyErr_SetString(PyExc_RuntimeError, "the system's clock is not synchronised");
		return NULL;
	}
	return PyFloat_FromDouble(clock.offset);
}

static PyMethodDef methods[] = {
	{"offset", offset, METH_VARARGS,
	 "offset(address=None, timeout=3.0, /)\n--\n\nSeconds by which the system's clock is slow of NTP time."},
	{NULL, NULL, 0, NULL},
};

static int exec(PyObject *module) {
	(void)module;
	return PyChrony_Import(); /* fails as an import statement does if there is no pychrony, or one that is too old */
}

static PyModuleDef_Slot slots[] = {
	{Py_mod_exec, (void *)exec},
	{0, NULL},
};

static struct PyModuleDef definition = {
	.m_base = PyModuleDef_HEAD_INIT,
	.m_name = "clockoffset",
	.m_methods = methods,
	.m_slots = slots,
};

PyMODINIT_FUNC PyInit_clockoffset(void) {
	return PyModuleDef_Init(&definition);
}
