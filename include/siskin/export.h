/* What a program may call of the shared library; everything else in it is hidden. */
#ifndef SISKIN_EXPORT_H_
#define SISKIN_EXPORT_H_

#if defined(__GNUC__)
#define SISKIN_API __attribute__((visibility("default")))
#else
#define SISKIN_API
#endif

#endif /* SISKIN_EXPORT_H_ */
