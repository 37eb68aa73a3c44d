/* Asking a trained classifier from C, or from whatever calls C.
 *
 *   siskin_error error;
 *   siskin_classifier* pets = siskin_open_file("pets.safetensors", 0, &error);
 *   float scores[2];
 *   int label = pets ? siskin_classify_photo(pets, jpeg, jpeg_bytes, scores, &error) : -1;
 *   if (label >= 0) puts(siskin_class_name(pets, label)); else puts(error.message);
 *   siskin_close(pets);
 *
 * `siskin export MODEL --to c` writes a header with a model's sizes and names, and the model itself for linking.
 */
#ifndef SISKIN_C_API_H_
#define SISKIN_C_API_H_

#include <stddef.h>
#include <stdint.h>

#include "siskin/api.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef enum siskin_status {
  SISKIN_OK = 0,
  SISKIN_USAGE = 1,   /* an argument makes no sense */
  SISKIN_PHOTO = 2,   /* the photo cannot be read */
  SISKIN_MODEL = 3,   /* not a model of siskin, or a damaged one */
  SISKIN_IO = 4,      /* no such file, no permission */
  SISKIN_MEMORY = 5,  /* out of memory */
  SISKIN_INTERNAL = 6 /* a defect of siskin */
} siskin_status;

/* Why a call failed; filled in by calls that fail, untouched by others. Every `error` below may be NULL. */
typedef struct siskin_error {
  siskin_status status;
  char message[500]; /* one line of UTF-8 with a zero at its end */
} siskin_error;

/* A model that can be asked. Not for two threads at once: give each its own, by siskin_share. */
typedef struct siskin_classifier siskin_classifier;

/* A model from its file, or from its bytes, which are copied. threads 0: all processors, at most 1024. NULL if that
 * fails. The environment variable SISKIN_ISA (avx512, avx2, sse4, neon, scalar; for comparisons) narrows the
 * instruction sets; SISKIN_USAGE if the processor lacks the one it names. */
SISKIN_API siskin_classifier* siskin_open_file(const char* path, int threads, siskin_error* error);
SISKIN_API siskin_classifier* siskin_open_memory(const void* bytes, size_t size, int threads, siskin_error* error);
/* Another one of the same model, with threads of its own: the weights, most of its memory, are there once. Either may
 * be closed first. */
SISKIN_API siskin_classifier* siskin_share(const siskin_classifier* classifier, int threads, siskin_error* error);
SISKIN_API void siskin_close(siskin_classifier* classifier); /* NULL is allowed */

SISKIN_API int siskin_num_classes(const siskin_classifier* classifier); /* of NULL: 0 */
/* The name of class 0 <= label < siskin_num_classes, valid until siskin_close; NULL for any other. */
SISKIN_API const char* siskin_class_name(const siskin_classifier* classifier, int label);
/* Everything that the file tells of the model (network, preprocessing, recipe, data, metrics) as JSON, UTF-8, valid
 * until siskin_close; NULL of NULL. */
SISKIN_API const char* siskin_model_json(const siskin_classifier* classifier);

/* The class of a photo, 0 or above, and with `scores` not NULL the score of every class; they sum to 1. -1 if that
 * fails. The photo: the bytes of a JPEG, PNG or WebP file, or red, green and blue of each pixel, rows from the top,
 * row_bytes apart (at least 3 * width). Every size is allowed: photos are resized as in training. */
SISKIN_API int siskin_classify_photo(siskin_classifier* classifier, const void* bytes, size_t size, float* scores,
                                     siskin_error* error);
SISKIN_API int siskin_classify_pixels(siskin_classifier* classifier, const uint8_t* rgb, int width, int height,
                                      size_t row_bytes, float* scores, siskin_error* error);

/* The answer to one photo of several. */
typedef struct siskin_answer {
  int label;            /* its class; -1: it cannot be read */
  float score;          /* of that class */
  siskin_status status; /* SISKIN_OK, or SISKIN_PHOTO where it cannot be read */
  char message[500];    /* why it cannot be read, or a warning that it is damaged; "" if there is nothing to say */
} siskin_answer;

typedef struct siskin_bytes {
  const void* data;
  size_t size;
} siskin_bytes;

typedef struct siskin_pixels {
  const uint8_t* rgb;
  int width, height;
  size_t row_bytes;
} siskin_pixels;

/* `count` photos on all threads, faster than one by one, each with the answer that it would get alone: the bytes of
 * files, or pixels, as above. answers: [count]   scores: [count][siskin_num_classes], or NULL; 0 for a photo that
 * cannot be read. 0, or -1 if the call fails (not: a photo), and then answers and scores mean nothing. */
SISKIN_API int siskin_classify_photos(siskin_classifier* classifier, const siskin_bytes* photos, size_t count,
                                      siskin_answer* answers, float* scores, siskin_error* error);
SISKIN_API int siskin_classify_pictures(siskin_classifier* classifier, const siskin_pixels* pictures, size_t count,
                                        siskin_answer* answers, float* scores, siskin_error* error);

SISKIN_API const char* siskin_version(void); /* "0.1.0" */

/* Grows when programs compiled with an older header would no longer work. Who loads the library while running compares
 * what this header says with what the library says. */
#define SISKIN_ABI_VERSION 1
SISKIN_API int siskin_abi_version(void);

#ifdef __cplusplus
}
#endif

#endif /* SISKIN_C_API_H_ */
