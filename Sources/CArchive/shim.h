// gzip and zip reading: the C library as Swift imports it.
#pragma once

#include <archive.h>
#include <archive_entry.h>
