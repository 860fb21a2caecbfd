/* A program that has Python in it, and pychrony, and asks the chronyd at its first argument both ways. */

#include <pychrony.h>

#include <stdio.h>

static const char *const SCRIPT = "import pychrony\n"
				  "print(pychrony.__spec__.origin, pychrony.get_tracking(address).stratum, flush=True)\n"
				  "try:\n"
				  "    pychrony.get_tracking('/nowhere/chronyd.sock')\n"
				  "except pychrony.ChronyConnectionError as error:\n"
				  "    print(error.error_code.name, flush=True)\n";

static int ask(const char *address) {
	PyObject *module = PyImport_AddModule("__main__");
	PyChrony_Tracking clock;

	if (!module || PyModule_AddStringConstant(module, "address", address) < 0 || PyRun_SimpleString(SCRIPT) < 0)
		return -1;
	if (PyChrony_Import() < 0 || PyChrony_API->GetTracking(address, 3.0, &clock) < 0)
		return -1;
	printf("%d\n", (int)clock.stratum);
	return 0;
}

int main(int argc, char **argv) {
	int failed;

	if (argc != 2 || PyImport_AppendInittab("pychrony", PyInit_pychrony) < 0)
		return 2;
	Py_Initialize();
	failed = ask(argv[1]) < 0;
	if (failed && PyErr_Occurred())
		PyErr_Print();
	return Py_FinalizeEx() < 0 || failed;
}
