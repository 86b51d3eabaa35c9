// PNG encoding: the C library as Swift imports it.
#pragma once

#include <png.h>
