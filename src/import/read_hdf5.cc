#include "import/read_hdf5.h"

#include <hdf5.h>

#include <algorithm>
#include <cstring>
#include <utility>
#include <vector>

#include "base/error.h"
#include "base/json.h"
#include "base/utf8.h"
#include "import/hdf5_handle.h"

namespace siskin {
namespace {

constexpr size_t kMaxObjects = 100'000;  // InceptionResNetV2 has about 3,000
constexpr uint64_t kMaxTensorBytes = uint64_t{1} << 30;
constexpr uint64_t kMaxAttributeBytes = uint64_t{16} << 20;
constexpr int kMaxRank = 8;

// `what` may hold names out of the file.
std::string Problem(const std::string& what) {
  return Printable(what) + "; the file is damaged or of another kind";
}

[[noreturn]] void Damaged(const std::string& what) {
  Fail(ErrorKind::kModel, Problem(what));
}

class Handle : public Hdf5Handle {
 public:
  Handle(hid_t id, herr_t (*close)(hid_t), const std::string& what)
      : Hdf5Handle(id, close, Problem("cannot read " + what)) {}
};

Handle OpenImage(std::string_view bytes) {
  if (bytes.empty()) Damaged("it is empty");
  H5Eset_auto2(H5E_DEFAULT, nullptr, nullptr);  // errors are returned, not printed
  H5PLset_loading_state(0);                     // a file may not name code to load
  const Handle access(H5Pcreate(H5P_FILE_ACCESS), H5Pclose, "the file");
  if (H5Pset_fapl_core(access, 1 << 20, /*backing_store=*/false) < 0 ||
      H5Pset_file_image(access, const_cast<char*>(bytes.data()), bytes.size()) < 0) {
    Damaged("cannot hold the file in memory");
  }
  return Handle(H5Fopen("weights", H5F_ACC_RDONLY, access), H5Fclose, "it as HDF5");
}

// Each object once, whatever the links between them: cycles end.
struct Objects {
  std::vector<std::string> groups, datasets;
  bool too_many = false;
};

herr_t Collect(hid_t, const char* name, const H5O_info_t* info, void* data) {
  auto* const objects = static_cast<Objects*>(data);
  if (objects->groups.size() + objects->datasets.size() == kMaxObjects) {
    objects->too_many = true;
    return -1;
  }
  const std::string path = std::strcmp(name, ".") == 0 ? "" : name;
  if (info->type == H5O_TYPE_GROUP) objects->groups.push_back(path);
  if (info->type == H5O_TYPE_DATASET) objects->datasets.push_back(path);
  return 0;
}

Objects ListObjects(hid_t file) {
  Objects objects;
  const herr_t result = H5Ovisit2(file, H5_INDEX_NAME, H5_ITER_INC, Collect, &objects, H5O_INFO_BASIC);
  if (objects.too_many) Damaged(fmt::format("it has more than {} groups and datasets", kMaxObjects));
  if (result < 0) Damaged("its list of groups cannot be read");
  for (const auto* list : {&objects.groups, &objects.datasets}) {
    for (const std::string& path : *list) {
      if (!IsValidUtf8(path)) Damaged(path + " is not a name in UTF-8");
    }
  }
  return objects;
}

bool IsOfOptimizer(const std::string& path) {
  return path.starts_with("optimizer/") || path.starts_with("optimizer_weights/");
}

// How many chunks a dataset of this shape has if all are there.
uint64_t NumChunks(hid_t creation, const Shape& shape, const std::string& path) {
  hsize_t chunk[kMaxRank] = {};
  const int rank = H5Pget_chunk(creation, kMaxRank, chunk);
  if (rank != static_cast<int>(shape.rank())) Damaged(path + " is cut into pieces of another rank");
  uint64_t count = 1;  // at most the number of elements, which fit in memory
  for (size_t i = 0; i < shape.rank(); ++i) {
    if (chunk[i] == 0) Damaged(path + " is cut into empty pieces");
    count *= (static_cast<uint64_t>(shape[i]) + chunk[i] - 1) / chunk[i];
  }
  return count;
}

// All the data are in this file and nowhere else.
void CheckStorage(hid_t dataset, hid_t space, const Shape& shape, size_t element_bytes, const std::string& path) {
  const Handle creation(H5Dget_create_plist(dataset), H5Pclose, path);
  const H5D_layout_t layout = H5Pget_layout(creation);
  if (layout != H5D_COMPACT && layout != H5D_CONTIGUOUS && layout != H5D_CHUNKED) {
    Damaged(path + " is stored in a way (virtual, or unknown) that weights are not");
  }
  if (H5Pget_external_count(creation) != 0) Damaged(path + " keeps its data in another file, which is not opened");
  bool complete = false;
  if (layout == H5D_CHUNKED) {
    hsize_t chunks = 0;
    complete = H5Dget_num_chunks(dataset, space, &chunks) >= 0 && chunks == NumChunks(creation, shape, path);
  } else {
    complete = H5Dget_storage_size(dataset) == static_cast<uint64_t>(shape.num_elements()) * element_bytes;
  }
  if (!complete) Damaged(path + " has fewer data than its shape says");
}

// Adds the dataset to `tensors` unless it is not made of floating-point numbers.
void ReadTensor(hid_t file, const std::string& path, uint64_t* bytes_left, TensorMap* tensors) {
  const Handle dataset(H5Dopen2(file, path.c_str(), H5P_DEFAULT), H5Dclose, path);
  const Handle type(H5Dget_type(dataset), H5Tclose, path);
  if (H5Tget_class(type) != H5T_FLOAT) return;
  const Handle space(H5Dget_space(dataset), H5Sclose, path);
  const int rank = H5Sget_simple_extent_ndims(space);
  if (rank < 0 || rank > kMaxRank) Damaged(fmt::format("{} has {} dimensions", path, rank));
  hsize_t extent[kMaxRank] = {};
  if (H5Sget_simple_extent_dims(space, extent, nullptr) < 0) Damaged("cannot read the shape of " + path);
  std::vector<int64_t> dims;
  for (int i = 0; i < rank; ++i) {
    if (extent[i] > kMaxTensorBytes) Damaged(fmt::format("{} has a dimension of {}", path, extent[i]));
    dims.push_back(static_cast<int64_t>(extent[i]));
  }
  const Shape shape(std::move(dims));
  if (!FitsIn(shape, sizeof(double), *bytes_left)) {  // double: what the file may have for each float
    Damaged(fmt::format("{} of shape {} is larger than is reasonable", path, shape.ToString()));
  }
  if (shape.num_elements() != 0) CheckStorage(dataset, space, shape, H5Tget_size(type), path);
  Tensor tensor(shape);
  *bytes_left -= static_cast<uint64_t>(shape.num_elements()) * sizeof(double);
  if (!tensor.empty() && H5Dread(dataset, H5T_NATIVE_FLOAT, H5S_ALL, H5S_ALL, H5P_DEFAULT, tensor.data()) < 0) {
    Damaged("cannot read the numbers of " + path);
  }
  tensors->emplace(path, std::move(tensor));
}

std::vector<std::string> ReadPointers(hid_t attribute, hid_t space, hid_t type, size_t count) {
  std::vector<char*> pointers(count, nullptr);
  const Handle memory(H5Tcopy(H5T_C_S1), H5Tclose, "a text");
  H5Tset_size(memory, H5T_VARIABLE);
  H5Tset_cset(memory, H5Tget_cset(type));
  if (H5Aread(attribute, memory, pointers.data()) < 0) Damaged("cannot read an attribute");
  std::vector<std::string> texts;
  for (const char* text : pointers) texts.emplace_back(text == nullptr ? "" : text);
  H5Dvlen_reclaim(memory, space, H5P_DEFAULT, pointers.data());
  return texts;
}

std::vector<std::string> ReadFixed(hid_t attribute, hid_t type, size_t count, uint64_t* bytes_left) {
  const size_t length = H5Tget_size(type);
  if (length == 0 || count > *bytes_left / length) Damaged("an attribute is larger than is reasonable");
  *bytes_left -= count * length;
  std::string bytes(count * length, '\0');
  const Handle memory(H5Tcopy(type), H5Tclose, "a text");
  if (H5Aread(attribute, memory, bytes.data()) < 0) Damaged("cannot read an attribute");
  std::vector<std::string> texts;
  for (size_t i = 0; i < count; ++i) {
    const std::string text = bytes.substr(i * length, length);
    texts.push_back(text.substr(0, text.find('\0')));
  }
  return texts;
}

// The names of layers and weights, and Keras' version; large lists are split over layer_names0, layer_names1, ...
bool IsWanted(std::string_view name) {
  return name.starts_with("layer_names") || name.starts_with("weight_names") || name == "name" ||
         name == "keras_version" || name == "backend";
}

// Not a text, or empty: no texts.
std::vector<std::string> ReadTexts(hid_t attribute, uint64_t* bytes_left) {
  const Handle type(H5Aget_type(attribute), H5Tclose, "an attribute");
  const Handle space(H5Aget_space(attribute), H5Sclose, "an attribute");
  const hssize_t points = H5Sget_simple_extent_npoints(space);
  if (points <= 0 || H5Tget_class(type) != H5T_STRING) return {};
  const auto count = static_cast<uint64_t>(points);
  if (count > *bytes_left / sizeof(char*)) Damaged("an attribute is larger than is reasonable");
  *bytes_left -= count * sizeof(char*);
  if (H5Tis_variable_str(type) > 0) return ReadPointers(attribute, space, type, count);
  return ReadFixed(attribute, type, count, bytes_left);
}

herr_t CollectName(hid_t, const char* name, const H5A_info_t*, void* data) {
  auto* const names = static_cast<std::vector<std::string>*>(data);
  if (IsWanted(name)) names->emplace_back(name);
  return names->size() > kMaxObjects ? -1 : 0;
}

Json ReadAttributes(hid_t file, const std::string& path, uint64_t* bytes_left) {
  const Handle group(H5Gopen2(file, path.empty() ? "/" : path.c_str(), H5P_DEFAULT), H5Gclose, path);
  std::vector<std::string> names;
  hsize_t start = 0;
  if (H5Aiterate2(group, H5_INDEX_NAME, H5_ITER_INC, &start, CollectName, &names) < 0) {
    Damaged("cannot read the attributes of " + path);
  }
  Json attributes = Json::object();
  for (const std::string& name : names) {
    const Handle attribute(H5Aopen(group, name.c_str(), H5P_DEFAULT), H5Aclose, name);
    attributes[name] = ReadTexts(attribute, bytes_left);
  }
  return attributes;
}

}  // namespace

SafetensorsFile ReadHdf5(std::string_view bytes) {
  const Handle file = OpenImage(bytes);
  const Objects objects = ListObjects(file);
  SafetensorsFile result;
  uint64_t tensor_bytes_left = kMaxTensorBytes, attribute_bytes_left = kMaxAttributeBytes;
  for (const std::string& path : objects.datasets) {
    if (!IsOfOptimizer(path)) ReadTensor(file, path, &tensor_bytes_left, &result.tensors);
  }
  Json attributes = Json::object();
  for (const std::string& path : objects.groups) {
    Json of_group = ReadAttributes(file, path, &attribute_bytes_left);
    if (!of_group.empty()) attributes[path] = std::move(of_group);
  }
  result.metadata["attributes"] = ToText(attributes);
  return result;
}

}  // namespace siskin
