// ZeroMQ sockets, polling and CURVE: the C library as Swift imports it.
#pragma once

#include <zmq.h>
