// For tests: a small HTTP server on 127.0.0.1 that serves one file and misbehaves as told.
#pragma once

#include <atomic>
#include <cstdint>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace siskin::testing {

struct HttpBehaviour {
  std::string content = {};
  std::string etag = {};         // with quotes; empty: none
  bool ignore_range = false;     // always the whole file
  int status = 0;                // other than 0: this status and no file
  std::string redirect_to = {};  // other than empty: 302 to there
  size_t cut_after = 0;          // bytes of each answer's body, then the connection is closed; 0: never
  int num_cuts = 0;              // of the first so many answers
  bool stall = false;            // after cut_after bytes silence, instead of a closed connection
  uint64_t claimed_bytes = 0;    // Content-Length; 0: the true one
  bool chunked = false;          // no Content-Length, the connection's end ends the body
};

class HttpServer {
 public:
  explicit HttpServer(HttpBehaviour behaviour);
  ~HttpServer();
  HttpServer(const HttpServer&) = delete;
  HttpServer& operator=(const HttpServer&) = delete;

  std::string url() const;  // "http://127.0.0.1:PORT/weights.h5"
  // The requests so far, each with its headers.
  std::vector<std::string> requests();

 private:
  void Serve();
  void Answer(int connection);

  const HttpBehaviour behaviour_;
  int listener_ = -1;
  int port_ = 0;
  std::atomic<bool> stop_{false};
  std::mutex mutex_;
  std::vector<std::string> requests_;
  std::thread thread_;
};

}  // namespace siskin::testing
