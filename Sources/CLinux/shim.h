#pragma once

/// Waits until everything written to an open file's file system is on the disk; see `syncfs(2)`.
/// The C library declares it for `_GNU_SOURCE` alone, which Swift's import of it is without.
int syncfs(int descriptor);
