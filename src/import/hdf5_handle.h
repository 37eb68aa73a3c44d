// An identifier of libhdf5, closed by the function that belongs to its type.
#pragma once

#include <hdf5.h>

#include <string>

#include "base/error.h"

namespace siskin {

class Hdf5Handle {
 public:
  // kModel with `problem` if libhdf5 gave no identifier.
  Hdf5Handle(hid_t id, herr_t (*close)(hid_t), const std::string& problem) : id_(id), close_(close) {
    if (id_ < 0) Fail(ErrorKind::kModel, problem);
  }
  ~Hdf5Handle() { close_(id_); }
  Hdf5Handle(const Hdf5Handle&) = delete;
  Hdf5Handle& operator=(const Hdf5Handle&) = delete;
  operator hid_t() const { return id_; }  // NOLINT(google-explicit-constructor): stands for it in libhdf5's calls

 private:
  hid_t id_;
  herr_t (*close_)(hid_t);
};

}  // namespace siskin
