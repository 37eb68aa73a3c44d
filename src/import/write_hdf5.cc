#include "import/write_hdf5.h"

#include <hdf5.h>

#include <vector>

#include "base/error.h"
#include "base/json.h"
#include "import/hdf5_handle.h"

namespace siskin {
namespace {

std::string CannotWrite(const std::string& what) {
  return fmt::format("cannot write {} as HDF5", what);
}

void Check(bool worked, const std::string& what) {
  if (!worked) Fail(ErrorKind::kModel, CannotWrite(what));
}

class WriteHandle : public Hdf5Handle {
 public:
  WriteHandle(hid_t id, herr_t (*close)(hid_t), const std::string& what) : Hdf5Handle(id, close, CannotWrite(what)) {}
};

// A file that exists in memory only, and groups made as paths need them.
class Writer {
 public:
  Writer()
      : access_(H5Pcreate(H5P_FILE_ACCESS), H5Pclose, "a file"),
        links_(H5Pcreate(H5P_LINK_CREATE), H5Pclose, "a link"),
        creation_(H5Pcreate(H5P_DATASET_CREATE), H5Pclose, "a dataset") {
    constexpr size_t kGrowBytes = 1 << 20;
    Check(H5Pset_fapl_core(access_, kGrowBytes, /*backing_store=*/false) >= 0 &&
              H5Pset_create_intermediate_group(links_, 1) >= 0 &&
              H5Pset_obj_track_times(creation_, false) >= 0,  // the same tensors, the same bytes
          "a file in memory");
    file_ = H5Fcreate("weights", H5F_ACC_TRUNC, H5P_DEFAULT, access_);
    Check(file_ >= 0, "a file in memory");
  }
  ~Writer() { H5Fclose(file_); }
  Writer(const Writer&) = delete;
  Writer& operator=(const Writer&) = delete;

  void Dataset(const std::string& path, const Tensor& tensor) {
    const std::vector<hsize_t> dims(tensor.shape().dims().begin(), tensor.shape().dims().end());
    const WriteHandle space(H5Screate_simple(static_cast<int>(dims.size()), dims.data(), nullptr), H5Sclose, path);
    const WriteHandle dataset(H5Dcreate2(file_, path.c_str(), H5T_IEEE_F32LE, space, links_, creation_, H5P_DEFAULT),
                              H5Dclose, path);
    Check(H5Dwrite(dataset, H5T_NATIVE_FLOAT, H5S_ALL, H5S_ALL, H5P_DEFAULT, tensor.data()) >= 0, path);
  }

  // A text as h5py writes one: a scalar of variable length; several: a list of them.
  void Attribute(const std::string& group, const std::string& name, const std::vector<std::string>& texts) {
    const std::string what = group + ", attribute " + name;
    const WriteHandle owner(H5Oopen(file_, group.empty() ? "/" : group.c_str(), H5P_DEFAULT), H5Oclose, what);
    const WriteHandle type(H5Tcopy(H5T_C_S1), H5Tclose, what);
    Check(H5Tset_size(type, H5T_VARIABLE) >= 0 && H5Tset_cset(type, H5T_CSET_UTF8) >= 0, what);
    const hsize_t count = texts.size();
    const WriteHandle space(count == 1 ? H5Screate(H5S_SCALAR) : H5Screate_simple(1, &count, nullptr), H5Sclose, what);
    const WriteHandle attribute(H5Acreate2(owner, name.c_str(), type, space, H5P_DEFAULT, H5P_DEFAULT), H5Aclose, what);
    std::vector<const char*> pointers;
    for (const std::string& text : texts) pointers.push_back(text.c_str());
    Check(pointers.empty() || H5Awrite(attribute, type, pointers.data()) >= 0, what);
  }

  std::string Bytes() const {
    Check(H5Fflush(file_, H5F_SCOPE_GLOBAL) >= 0, "the file");
    const ssize_t size = H5Fget_file_image(file_, nullptr, 0);
    Check(size > 0, "the file");
    std::string bytes(static_cast<size_t>(size), '\0');
    Check(H5Fget_file_image(file_, bytes.data(), bytes.size()) == size, "the file");
    return bytes;
  }

 private:
  const WriteHandle access_, links_, creation_;
  hid_t file_ = -1;
};

}  // namespace

std::string WriteHdf5(const SafetensorsFile& file) {
  H5Eset_auto2(H5E_DEFAULT, nullptr, nullptr);  // errors are returned, not printed
  Writer writer;
  for (const auto& [path, tensor] : file.tensors) writer.Dataset(path, tensor);
  const auto attributes = file.metadata.find("attributes");
  if (attributes != file.metadata.end()) {
    const Json groups = ParseJson(attributes->second, "attributes");
    for (const auto& [group, named] : groups.items()) {
      for (const auto& [name, texts] : named.items()) {
        writer.Attribute(group, name, texts.get<std::vector<std::string>>());
      }
    }
  }
  return writer.Bytes();
}

}  // namespace siskin
