#include "echo/measurement.h"
namespace echo { int measure(const LoadSettings&, const Presentation&, Log&) { return 0; } }
