// HDF5 reading: the C library as Swift imports it, and what it defines by macros only.
#pragma once

#include <hdf5/serial/hdf5.h>
#include <string.h>

/// `H5F_ACC_RDONLY`.
static inline unsigned hdf5_read_only(void) { return H5F_ACC_RDONLY; }

/// `H5P_DEFAULT`.
static inline hid_t hdf5_default_properties(void) { return H5P_DEFAULT; }

/// `H5T_NATIVE_UINT8`.
static inline hid_t hdf5_byte_type(void) { return H5T_NATIVE_UINT8; }

/// A new list of properties for opening a file.
static inline hid_t hdf5_new_access_properties(void) { return H5Pcreate(H5P_FILE_ACCESS); }

/// Lets the library print nothing by itself and load no filter from a file of code.
static inline void hdf5_keep_to_itself(void) {
  H5Eset_auto2(H5E_DEFAULT, NULL, NULL);
  H5PLset_loading_state(0);
}

static inline herr_t hdf5_note_reason(unsigned depth, const H5E_error2_t *error, void *text) {
  (void)depth;
  if (error->desc != NULL) {
    strncpy((char *)text, error->desc, 255);
    ((char *)text)[255] = 0;
  }
  return 1;
}

/// What the innermost function that failed said, at most 255 bytes; empty when nothing did.
static inline void hdf5_copy_reason(char text[256]) {
  text[0] = 0;
  H5Ewalk2(H5E_DEFAULT, H5E_WALK_UPWARD, hdf5_note_reason, text);
}
