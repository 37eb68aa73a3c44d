/* What a program may call of the shared library; everything else in it is hidden. */
#ifndef SISKIN_API_H_
#define SISKIN_API_H_

#if defined(__GNUC__)
#define SISKIN_API __attribute__((visibility("default")))
#else
#define SISKIN_API
#endif

#endif /* SISKIN_API_H_ */
