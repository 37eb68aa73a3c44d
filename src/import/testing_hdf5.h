// For tests: HDF5 files in memory, as Keras writes them and as nobody should. Header only, because the library of
// shared test helpers does not link libhdf5.
#pragma once

#include <gtest/gtest.h>
#include <hdf5.h>

#include <string>
#include <vector>

#include "tensor/tensor.h"

namespace siskin::testing {

class Hdf5Writer {
 public:
  enum class Storage { kContiguous, kCompressed, kExternal, kNoData };

  Hdf5Writer() {
    const hid_t access = H5Pcreate(H5P_FILE_ACCESS);
    H5Pset_fapl_core(access, 1 << 16, /*backing_store=*/false);
    // Two files of one name cannot be open at once, even if neither exists.
    file_ = H5Fcreate(fmt::format("in memory {}", static_cast<const void*>(this)).c_str(), H5F_ACC_TRUNC, H5P_DEFAULT,
                      access);
    H5Pclose(access);
    links_ = H5Pcreate(H5P_LINK_CREATE);
    H5Pset_create_intermediate_group(links_, 1);
    EXPECT_GE(file_, 0);
  }
  ~Hdf5Writer() {
    H5Pclose(links_);
    H5Fclose(file_);
  }
  Hdf5Writer(const Hdf5Writer&) = delete;
  Hdf5Writer& operator=(const Hdf5Writer&) = delete;

  hid_t file() const { return file_; }

  void Group(const std::string& path) {
    EXPECT_GE(H5Gclose(H5Gcreate2(file_, path.c_str(), links_, H5P_DEFAULT, H5P_DEFAULT)), 0);
  }

  void Dataset(const std::string& path, const Tensor& tensor, hid_t type = H5T_IEEE_F32LE) {
    const hid_t dataset = Create(path, tensor.shape(), type, Storage::kContiguous);
    EXPECT_GE(H5Dwrite(dataset, H5T_NATIVE_FLOAT, H5S_ALL, H5S_ALL, H5P_DEFAULT, tensor.data()), 0);
    H5Dclose(dataset);
  }
  void CompressedDataset(const std::string& path, const Tensor& tensor) {
    const hid_t dataset = Create(path, tensor.shape(), H5T_IEEE_F32LE, Storage::kCompressed);
    EXPECT_GE(H5Dwrite(dataset, H5T_NATIVE_FLOAT, H5S_ALL, H5S_ALL, H5P_DEFAULT, tensor.data()), 0);
    H5Dclose(dataset);
  }
  // A shape and a place for the data, but no data here.
  void EmptyDataset(const std::string& path, const Shape& shape, Storage storage) {
    H5Dclose(Create(path, shape, H5T_IEEE_F32LE, storage));
  }

  // A list of texts on a group that exists or is made now; of variable or of fixed length.
  void Attribute(const std::string& group, const std::string& name, const std::vector<std::string>& texts,
                 bool variable = false) {
    if (!group.empty() && !Exists(group)) Group(group);
    const hid_t owner = H5Gopen2(file_, group.empty() ? "/" : group.c_str(), H5P_DEFAULT);
    size_t length = 1;
    for (const std::string& text : texts) length = std::max(length, text.size());
    const hid_t type = H5Tcopy(H5T_C_S1);
    H5Tset_size(type, variable ? H5T_VARIABLE : length);
    if (!variable) H5Tset_strpad(type, H5T_STR_NULLPAD);
    const hsize_t count = texts.size();
    const hid_t space = H5Screate_simple(1, &count, nullptr);
    const hid_t attribute = H5Acreate2(owner, name.c_str(), type, space, H5P_DEFAULT, H5P_DEFAULT);
    EXPECT_GE(attribute, 0) << group << " " << name;
    std::vector<const char*> pointers;
    std::string fixed;
    for (const std::string& text : texts) {
      pointers.push_back(text.c_str());
      fixed += text + std::string(length - text.size(), '\0');
    }
    if (!texts.empty()) H5Awrite(attribute, type, variable ? static_cast<const void*>(pointers.data()) : fixed.data());
    H5Aclose(attribute);
    H5Sclose(space);
    H5Tclose(type);
    H5Gclose(owner);
  }

  std::string Bytes() const {
    H5Fflush(file_, H5F_SCOPE_GLOBAL);
    std::string bytes(static_cast<size_t>(H5Fget_file_image(file_, nullptr, 0)), '\0');
    H5Fget_file_image(file_, bytes.data(), bytes.size());
    return bytes;
  }

 private:
  bool Exists(const std::string& path) const {
    for (size_t slash = path.find('/');; slash = path.find('/', slash + 1)) {
      if (H5Lexists(file_, path.substr(0, slash).c_str(), H5P_DEFAULT) <= 0) return false;
      if (slash == std::string::npos) return true;
    }
  }

  hid_t Create(const std::string& path, const Shape& shape, hid_t type, Storage storage) {
    const std::vector<hsize_t> dims(shape.dims().begin(), shape.dims().end());
    const hid_t space = H5Screate_simple(static_cast<int>(dims.size()), dims.data(), nullptr);
    const hid_t creation = H5Pcreate(H5P_DATASET_CREATE);
    if (storage == Storage::kCompressed) {
      H5Pset_chunk(creation, static_cast<int>(dims.size()), dims.data());
      H5Pset_deflate(creation, 6);
    }
    if (storage == Storage::kExternal) {
      H5Pset_external(creation, "/etc/passwd", 0, static_cast<hsize_t>(shape.num_elements()) * sizeof(float));
    }
    const hid_t dataset = H5Dcreate2(file_, path.c_str(), type, space, links_, creation, H5P_DEFAULT);
    EXPECT_GE(dataset, 0) << path;
    H5Pclose(creation);
    H5Sclose(space);
    return dataset;
  }

  hid_t file_, links_;
};

}  // namespace siskin::testing
