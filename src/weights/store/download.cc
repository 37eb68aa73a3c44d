#include "weights/store/download.h"

#include <curl/curl.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <memory>
#include <system_error>

#include "base/error.h"
#include "base/files.h"

namespace siskin {
namespace {

namespace fs = std::filesystem;

constexpr uint64_t kMaxUnknownBytes = uint64_t{2} << 30;  // the largest file of the catalogue has 225 MB
constexpr long kMaxRedirects = 5;
constexpr size_t kMaxTagBytes = 200;
constexpr long kOk = 200, kPartialContent = 206, kRangeNotSatisfiable = 416;

fs::path TagPath(const fs::path& part) {
  fs::path path = part;
  path += ".etag";
  return path;
}

// A file that is appended to. Errors are kept as errno values.
class PartFile {
 public:
  explicit PartFile(const fs::path& path)
      : fd_(::open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0644)) {
    struct stat info{};
    if (fd_ < 0 || ::fstat(fd_, &info) != 0) {
      error_ = errno;
    } else {
      size_ = static_cast<uint64_t>(info.st_size);
    }
  }
  ~PartFile() {
    if (fd_ >= 0) ::close(fd_);
  }
  PartFile(const PartFile&) = delete;
  PartFile& operator=(const PartFile&) = delete;

  uint64_t size() const { return size_; }
  int error() const { return error_; }

  bool Truncate() {
    if (::ftruncate(fd_, 0) != 0) error_ = errno;
    size_ = 0;
    return error_ == 0;
  }

  bool Append(const char* data, size_t size) {
    while (size > 0) {
      const ssize_t written = ::write(fd_, data, size);
      if (written < 0 && errno == EINTR) continue;
      if (written <= 0) {
        error_ = written == 0 ? EIO : errno;
        return false;
      }
      data += written;
      size -= static_cast<size_t>(written);
      size_ += static_cast<uint64_t>(written);
    }
    return true;
  }

 private:
  int fd_;
  uint64_t size_ = 0;
  int error_ = 0;
};

// One request and what is known about its answer while it comes.
struct Transfer {
  Transfer(const DownloadRequest& request_in, const RunContext& context_in, PartFile& file_in)
      : request(request_in), context(context_in), file(file_in), offset(file_in.size()) {}

  uint64_t limit() const { return request.bytes != 0 ? request.bytes : kMaxUnknownBytes; }

  const DownloadRequest& request;
  const RunContext& context;
  PartFile& file;
  const uint64_t offset;  // where the request asked to go on
  CURL* curl = nullptr;
  std::string tag;           // the answer's ETag
  uint64_t range_start = 0;  // from its Content-Range
  bool body_begun = false;
  bool too_large = false, wrong_range = false;
};

bool StartsWithIgnoringCase(std::string_view text, std::string_view prefix) {
  return text.size() >= prefix.size() && std::equal(prefix.begin(), prefix.end(), text.begin(), [](char a, char b) {
           return a == (b >= 'A' && b <= 'Z' ? b + ('a' - 'A') : b);
         });
}

std::string_view Trimmed(std::string_view text) {
  const size_t first = text.find_first_not_of(" \t\r\n");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t\r\n") - first + 1);
}

size_t OnHeader(char* data, size_t size, size_t count, void* user) {
  auto& transfer = *static_cast<Transfer*>(user);
  const std::string_view line(data, size * count);
  if (StartsWithIgnoringCase(line, "http/")) {  // a redirect's headers are not the answer's
    transfer.tag.clear();
    transfer.range_start = 0;
  } else if (StartsWithIgnoringCase(line, "etag:")) {
    const std::string_view tag = Trimmed(line.substr(5));
    // A weak one (W/"...") does not promise the same bytes.
    if (tag.starts_with('"') && tag.size() <= kMaxTagBytes) transfer.tag = tag;
  } else if (StartsWithIgnoringCase(line, "content-range:")) {
    std::string_view range = Trimmed(line.substr(14));
    if (StartsWithIgnoringCase(range, "bytes ")) range.remove_prefix(6);
    std::from_chars(range.data(), range.data() + range.size(), transfer.range_start);
  }
  return size * count;
}

// Before the first byte is appended: does what comes go on where the part ends, or does it start over?
bool BeginBody(Transfer& transfer) {
  transfer.body_begun = true;
  long status = 0;
  curl_easy_getinfo(transfer.curl, CURLINFO_RESPONSE_CODE, &status);
  if (status == kPartialContent) {
    transfer.wrong_range = transfer.range_start != transfer.offset;
    return !transfer.wrong_range;
  }
  if (transfer.offset > 0 && !transfer.file.Truncate()) return false;
  std::error_code ignored;
  fs::remove(TagPath(transfer.request.part), ignored);
  if (!transfer.tag.empty()) {
    // Without its tag a part can still be resumed, only with less certainty: trouble here is no trouble.
    PartFile tag(TagPath(transfer.request.part));
    if (tag.error() == 0) tag.Append(transfer.tag.data(), transfer.tag.size());
  }
  return true;
}

size_t OnBody(char* data, size_t size, size_t count, void* user) {
  auto& transfer = *static_cast<Transfer*>(user);
  const size_t bytes = size * count;
  if (!transfer.body_begun && !BeginBody(transfer)) return 0;
  if (bytes > transfer.limit() - std::min(transfer.limit(), transfer.file.size())) {
    transfer.too_large = true;
    return 0;
  }
  if (!transfer.file.Append(data, bytes)) return 0;
  transfer.context.progress.Advance(bytes);
  return bytes;
}

int OnProgress(void* user, curl_off_t, curl_off_t, curl_off_t, curl_off_t) {
  return static_cast<Transfer*>(user)->context.stopped() ? 1 : 0;
}

bool IsThisMachine(const std::string& url) {
  for (const char* prefix : {"http://127.0.0.1:", "http://127.0.0.1/", "http://localhost:", "http://localhost/",
                             "http://[::1]:", "http://[::1]/"}) {
    if (url.starts_with(prefix)) return true;
  }
  return false;
}

struct CloseCurl {
  void operator()(CURL* curl) const { curl_easy_cleanup(curl); }
};
struct FreeList {
  void operator()(curl_slist* list) const { curl_slist_free_all(list); }
};
using Curl = std::unique_ptr<CURL, CloseCurl>;
using HeaderList = std::unique_ptr<curl_slist, FreeList>;

// "Range" is given as a header of ours: libcurl's own option fails when a server answers with the whole file.
HeaderList RangeHeaders(const Transfer& transfer) {
  if (transfer.offset == 0) return nullptr;
  HeaderList headers(curl_slist_append(nullptr, fmt::format("Range: bytes={}-", transfer.offset).c_str()));
  std::string tag, ignored;
  if (TryReadFile(TagPath(transfer.request.part), kMaxTagBytes, &tag, &ignored) && !tag.empty()) {
    curl_slist_append(headers.get(), ("If-Range: " + tag).c_str());
  }
  return headers;
}

void SetOptions(CURL* curl, Transfer& transfer, char* error_text) {
  const DownloadRequest& request = transfer.request;
  const char* const protocols = IsThisMachine(request.url) ? "http,https" : "https";
  curl_easy_setopt(curl, CURLOPT_URL, request.url.c_str());
  curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, protocols);
  curl_easy_setopt(curl, CURLOPT_REDIR_PROTOCOLS_STR, protocols);
  curl_easy_setopt(curl, CURLOPT_FOLLOWLOCATION, 1L);
  curl_easy_setopt(curl, CURLOPT_MAXREDIRS, kMaxRedirects);
  curl_easy_setopt(curl, CURLOPT_FAILONERROR, 1L);
  curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(curl, CURLOPT_USERAGENT, "siskin/" SISKIN_VERSION);
  curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT, static_cast<long>(request.limits.connect_seconds));
  curl_easy_setopt(curl, CURLOPT_LOW_SPEED_TIME, static_cast<long>(request.limits.slow_seconds));
  curl_easy_setopt(curl, CURLOPT_LOW_SPEED_LIMIT, static_cast<long>(request.limits.slow_bytes_per_second));
  curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, error_text);
  curl_easy_setopt(curl, CURLOPT_HEADERFUNCTION, OnHeader);
  curl_easy_setopt(curl, CURLOPT_HEADERDATA, &transfer);
  curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, OnBody);
  curl_easy_setopt(curl, CURLOPT_WRITEDATA, &transfer);
  curl_easy_setopt(curl, CURLOPT_NOPROGRESS, 0L);
  curl_easy_setopt(curl, CURLOPT_XFERINFOFUNCTION, OnProgress);
  curl_easy_setopt(curl, CURLOPT_XFERINFODATA, &transfer);
}

DownloadResult Failed(std::string problem) {
  return {DownloadResult::End::kFailed, false, std::move(problem)};
}

// One request. `start_over` tells that the part is of no use.
DownloadResult Attempt(const DownloadRequest& request, const RunContext& context, bool* start_over) {
  PartFile file(request.part);
  if (file.error() != 0) {
    return Failed(fmt::format("{}: cannot write: {}", Printable(request.part.native()), ErrnoText(file.error())));
  }
  if (request.bytes != 0 && file.size() == request.bytes) return {DownloadResult::End::kComplete, true, ""};
  if (file.size() > 0 && request.bytes != 0 && file.size() > request.bytes) file.Truncate();

  Transfer transfer(request, context, file);
  const Curl curl(curl_easy_init());
  if (curl == nullptr) return Failed("libcurl cannot be used");
  transfer.curl = curl.get();
  char error_text[CURL_ERROR_SIZE] = "";
  SetOptions(curl.get(), transfer, error_text);
  const HeaderList headers = RangeHeaders(transfer);
  curl_easy_setopt(curl.get(), CURLOPT_HTTPHEADER, headers.get());

  const CURLcode code = curl_easy_perform(curl.get());
  long status = 0;
  curl_easy_getinfo(curl.get(), CURLINFO_RESPONSE_CODE, &status);
  if (context.stopped()) return {DownloadResult::End::kStopped, transfer.offset > 0, ""};
  if (transfer.too_large) {
    return {DownloadResult::End::kTooLarge, false,
            fmt::format("sends more than the {} bytes expected", transfer.limit())};
  }
  *start_over = transfer.wrong_range || (status == kRangeNotSatisfiable && transfer.offset > 0);
  if (file.error() != 0) return Failed("cannot write what comes: " + ErrnoText(file.error()));
  if (code != CURLE_OK) return Failed(Printable(error_text[0] != '\0' ? error_text : curl_easy_strerror(code)));
  if (status != kOk && status != kPartialContent) return Failed(fmt::format("answers with HTTP status {}", status));
  if (request.bytes != 0 && file.size() != request.bytes) {
    return Failed(fmt::format("ended after {} of {} bytes", file.size(), request.bytes));
  }
  return {DownloadResult::End::kComplete, transfer.offset > 0, ""};
}

uint64_t SizeOfPart(const fs::path& part) {
  std::error_code error;
  const uint64_t size = fs::file_size(part, error);
  return error ? 0 : size;
}

}  // namespace

DownloadResult Download(const DownloadRequest& request, const RunContext& context) {
  DownloadResult result;
  bool resumed = false, started_over = false;
  context.progress.Begin(request.task, "bytes", request.bytes);
  context.progress.Advance(std::min(SizeOfPart(request.part), request.bytes));
  for (int attempt = 0; attempt < request.limits.attempts; ++attempt) {
    const uint64_t before = SizeOfPart(request.part);
    bool start_over = false;
    result = Attempt(request, context, &start_over);
    resumed = resumed || result.resumed;
    if (start_over && !started_over) {
      DiscardPart(request.part);
      started_over = true;
    } else if (result.end != DownloadResult::End::kFailed || SizeOfPart(request.part) <= before) {
      break;
    }
  }
  context.progress.Finish();
  result.resumed = resumed;
  if (result.end == DownloadResult::End::kTooLarge) DiscardPart(request.part);
  if (SizeOfPart(request.part) == 0) DiscardPart(request.part);
  return result;
}

void DiscardPart(const fs::path& part) {
  std::error_code ignored;
  fs::remove(part, ignored);
  fs::remove(TagPath(part), ignored);
}

}  // namespace siskin
