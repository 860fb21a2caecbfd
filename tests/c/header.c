/* Uses all that pychrony.h declares; compiled as C and as C++ with every warning an error. */

#include <pychrony.h>
#include <pychrony.h>

PyObject *offsets(const char *address);

PyObject *offsets(const char *address) {
	PyChrony_Tracking clock;
	PyChrony_Source *sources;
	PyChrony_Smoothing smoothing;
	Py_ssize_t count;
	double sum = 0;

	if (PyChrony_Import() < 0 || PyChrony_API->GetTracking(address, PYCHRONY_FOREVER, &clock) < 0)
		return NULL;
	if (PyChrony_API->GetSmoothing(address, 0.5, &smoothing) == 1)
		smoothing.offset = 0;
	count = PyChrony_API->GetSources(NULL, 0.5, &sources);
	if (count < 0)
		return NULL;
	for (Py_ssize_t index = 0; index < count; index++)
		if (sources[index].last_sample_ago != PYCHRONY_NEVER && sources[index].state == PYCHRONY_SourceState_SELECTED)
			sum += sources[index].latest_meas;
	PyMem_Free(sources);
	return Py_BuildValue("(dds)", clock.offset, sum + smoothing.offset, clock.reference_id_name);
}

int add(void);

int add(void) {
	return PYCHRONY_ABI_VERSION == 1 ? PyImport_AppendInittab("pychrony", PyInit_pychrony) : -1;
}
