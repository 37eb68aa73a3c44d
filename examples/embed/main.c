/* embed PHOTO...: a program that carries its model with it; one line per photo. The model:
 *   siskin export MODEL -o pets.h */
#include <stdio.h>
#include <stdlib.h>

#include "pets.h"
#include "siskin/c_api.h"

/* The bytes of a file, to be freed; NULL if it cannot be read. */
static void* Read(const char* path, size_t* size) {
  FILE* file = fopen(path, "rb");
  void* bytes = NULL;
  long length = -1;
  if (file == NULL) return NULL;
  if (fseek(file, 0, SEEK_END) == 0) length = ftell(file);
  if (length >= 0 && fseek(file, 0, SEEK_SET) == 0) bytes = malloc((size_t)length + 1);
  *size = bytes != NULL ? fread(bytes, 1, (size_t)length, file) : 0;
  fclose(file);
  return bytes;
}

int main(int argc, char** argv) {
  siskin_error error;
  siskin_classifier* pets = siskin_open_memory(pets_model, sizeof pets_model, 0, &error);
  int i, failed = 0;
  if (pets == NULL) {
    fprintf(stderr, "embed: %s\n", error.message);
    return 1;
  }
  for (i = 1; i < argc; ++i) {
    float scores[PETS_NUM_CLASSES];
    size_t size = 0;
    void* photo = Read(argv[i], &size);
    const int label = photo != NULL ? siskin_classify_photo(pets, photo, size, scores, &error) : -1;
    if (label >= 0) {
      printf("%s: %s (%.4f)\n", argv[i], pets_class_names[label], scores[label]);
    } else {
      printf("%s: %s\n", argv[i], photo != NULL ? error.message : "cannot be read");
      failed = 1;
    }
    free(photo);
  }
  siskin_close(pets);
  return failed;
}
