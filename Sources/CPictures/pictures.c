#include "CPictures.h"

#include <png.h>
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jpeglib.h>

static void say(struct picture *picture, const char *text) {
  snprintf(picture->message, sizeof picture->message, "%s", text);
}

void picture_free(struct picture *picture) {
  free(picture->pixels);
  picture->pixels = NULL;
}

// Whether a picture of this size may be decoded; if not, sets the message.
static int fits(
    struct picture *picture, uint32_t width, uint32_t height, uint32_t side_limit,
    uint64_t pixel_limit) {
  if (width >= 1 && height >= 1 && width <= side_limit && height <= side_limit &&
      (uint64_t)width * height <= pixel_limit)
    return 1;
  snprintf(
      picture->message, sizeof picture->message,
      "%u x %u pixels, more than %u a side or %llu in all", (unsigned)width, (unsigned)height,
      (unsigned)side_limit, (unsigned long long)pixel_limit);
  return 0;
}

// PNG

struct png_work {
  const uint8_t *bytes;
  size_t count;
  size_t offset;
  struct picture *picture;
  uint8_t *values;
  png_bytep *rows;
};

static void png_take(png_structp png, png_bytep target, size_t count) {
  struct png_work *work = png_get_io_ptr(png);
  if (work->count - work->offset < count) png_error(png, "the file ends too early");
  memcpy(target, work->bytes + work->offset, count);
  work->offset += count;
}

static void png_fail(png_structp png, png_const_charp text) {
  struct png_work *work = png_get_error_ptr(png);
  say(work->picture, text);
  png_longjmp(png, 1);
}

static void png_ignore(png_structp png, png_const_charp text) {
  (void)png;
  (void)text;
}

// A sample as a byte: 16 bits are rounded to 8.
static uint32_t sample(const uint8_t *at, int bytes) {
  if (bytes == 1) return at[0];
  return (((uint32_t)at[0] << 8 | at[1]) * 255u + 32767u) / 65535u;
}

enum picture_status picture_decode_png(
    const uint8_t *bytes, size_t count, uint32_t side_limit, uint64_t pixel_limit,
    struct picture *picture) {
  memset(picture, 0, sizeof *picture);
  struct png_work work = {.bytes = bytes, .count = count, .picture = picture};
  png_structp png = png_create_read_struct(PNG_LIBPNG_VER_STRING, &work, png_fail, png_ignore);
  png_infop info = png == NULL ? NULL : png_create_info_struct(png);
  if (info == NULL) {
    png_destroy_read_struct(&png, NULL, NULL);
    return picture_no_memory;
  }
  enum picture_status volatile status = picture_refused;
  if (setjmp(png_jmpbuf(png)) == 0) {
    png_set_read_fn(png, &work, png_take);
    png_set_crc_action(png, PNG_CRC_ERROR_QUIT, PNG_CRC_ERROR_QUIT);
    png_set_user_limits(png, side_limit, side_limit);
    png_read_info(png, info);
    uint32_t width = png_get_image_width(png, info), height = png_get_image_height(png, info);
    if (!fits(picture, width, height, side_limit, pixel_limit)) goto end;
    png_set_expand(png);
    png_set_interlace_handling(png);
    png_read_update_info(png, info);
    uint32_t samples = png_get_channels(png, info);
    int depth = png_get_bit_depth(png, info) / 8;
    uint32_t colours = samples >= 3 ? 3 : 1;
    size_t line = png_get_rowbytes(png, info);
    work.values = malloc(line * height);
    work.rows = malloc(sizeof *work.rows * height);
    picture->pixels = malloc((size_t)width * height * colours);
    if (work.values == NULL || work.rows == NULL || picture->pixels == NULL) {
      status = picture_no_memory;
      goto end;
    }
    for (uint32_t row = 0; row < height; row++) work.rows[row] = work.values + row * line;
    png_read_image(png, work.rows);
    png_read_end(png, NULL);
    uint8_t *target = picture->pixels;
    for (uint32_t row = 0; row < height; row++) {
      const uint8_t *source = work.rows[row];
      for (uint32_t column = 0; column < width; column++, source += samples * depth) {
        uint32_t alpha =
            samples == colours ? 255 : sample(source + colours * depth, depth);
        for (uint32_t colour = 0; colour < colours; colour++)
          *target++ = (uint8_t)((sample(source + colour * depth, depth) * alpha + 127) / 255);
      }
    }
    picture->width = width;
    picture->height = height;
    picture->channels = colours;
    status = picture_decoded;
  }
end:
  free(work.rows);
  free(work.values);
  png_destroy_read_struct(&png, &info, NULL);
  if (status != picture_decoded) picture_free(picture);
  return status;
}

// JPEG

struct jpeg_work {
  struct jpeg_error_mgr errors;
  jmp_buf jump;
  struct picture *picture;
};

static void jpeg_fail(j_common_ptr codec) {
  struct jpeg_work *work = (struct jpeg_work *)codec->err;
  char text[JMSG_LENGTH_MAX];
  codec->err->format_message(codec, text);
  say(work->picture, text);
  longjmp(work->jump, 1);
}

static void jpeg_message(j_common_ptr codec, int level) {
  if (level < 0) jpeg_fail(codec);
}

enum picture_status picture_decode_jpeg(
    const uint8_t *bytes, size_t count, uint32_t side_limit, uint64_t pixel_limit,
    struct picture *picture) {
  memset(picture, 0, sizeof *picture);
  struct jpeg_decompress_struct codec;
  struct jpeg_work work = {.picture = picture};
  memset(&codec, 0, sizeof codec);
  codec.err = jpeg_std_error(&work.errors);
  work.errors.error_exit = jpeg_fail;
  work.errors.emit_message = jpeg_message;
  enum picture_status volatile status = picture_refused;
  if (setjmp(work.jump) == 0) {
    jpeg_create_decompress(&codec);
    // For a progressive picture the library stores all coefficients.
    codec.mem->max_memory_to_use = 1 << 30;
    jpeg_mem_src(&codec, bytes, count);
    jpeg_read_header(&codec, TRUE);
    if (!fits(picture, codec.image_width, codec.image_height, side_limit, pixel_limit)) goto end;
    if (codec.num_components != 1 && codec.num_components != 3) {
      snprintf(
          picture->message, sizeof picture->message,
          "%d colour components (CMYK), expected grey or RGB", codec.num_components);
      goto end;
    }
    codec.out_color_space = codec.num_components == 1 ? JCS_GRAYSCALE : JCS_RGB;
    codec.dct_method = JDCT_ISLOW;
    jpeg_start_decompress(&codec);
    uint32_t channels = (uint32_t)codec.output_components;
    size_t line = (size_t)codec.output_width * channels;
    picture->pixels = malloc(line * codec.output_height);
    if (picture->pixels == NULL) {
      status = picture_no_memory;
      goto end;
    }
    while (codec.output_scanline < codec.output_height) {
      JSAMPROW row = picture->pixels + codec.output_scanline * line;
      jpeg_read_scanlines(&codec, &row, 1);
    }
    picture->width = codec.output_width;
    picture->height = codec.output_height;
    picture->channels = channels;
    jpeg_finish_decompress(&codec);
    status = picture_decoded;
  }
end:
  jpeg_destroy_decompress(&codec);
  if (status != picture_decoded) picture_free(picture);
  return status;
}
