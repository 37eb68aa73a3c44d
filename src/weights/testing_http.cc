#include "weights/testing_http.h"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <utility>

namespace siskin::testing {
namespace {

void Send(int connection, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t sent = ::send(connection, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent <= 0) return;  // the client has gone
    bytes.remove_prefix(static_cast<size_t>(sent));
  }
}

std::string ReceiveHead(int connection) {
  std::string head;
  char buffer[4096];
  while (head.find("\r\n\r\n") == std::string::npos) {
    const ssize_t got = ::recv(connection, buffer, sizeof(buffer), 0);
    if (got <= 0) break;
    head.append(buffer, static_cast<size_t>(got));
  }
  return head;
}

// The value of a header of the request; empty if it has none.
std::string Header(const std::string& head, const std::string& name) {
  const size_t at = head.find("\r\n" + name + ": ");
  if (at == std::string::npos) return "";
  const size_t begin = at + name.size() + 4;
  return head.substr(begin, head.find("\r\n", begin) - begin);
}

}  // namespace

HttpServer::HttpServer(HttpBehaviour behaviour) : behaviour_(std::move(behaviour)) {
  listener_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof(address);
  if (::bind(listener_, reinterpret_cast<sockaddr*>(&address), size) != 0 || ::listen(listener_, 8) != 0 ||
      ::getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size) != 0) {
    std::abort();  // a test cannot go on without its server
  }
  port_ = ntohs(address.sin_port);
  thread_ = std::thread([this] { Serve(); });
}

HttpServer::~HttpServer() {
  stop_ = true;
  thread_.join();
  ::close(listener_);
}

std::string HttpServer::url() const {
  return fmt::format("http://127.0.0.1:{}/weights.h5", port_);
}

std::vector<std::string> HttpServer::requests() {
  const std::lock_guard lock(mutex_);
  return requests_;
}

void HttpServer::Serve() {
  while (!stop_) {
    pollfd polled{listener_, POLLIN, 0};
    if (::poll(&polled, 1, 20) <= 0) continue;
    const int connection = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
    if (connection < 0) continue;
    Answer(connection);
    ::close(connection);
  }
}

void HttpServer::Answer(int connection) {
  const std::string head = ReceiveHead(connection);
  size_t number = 0;
  {
    const std::lock_guard lock(mutex_);
    number = requests_.size();
    requests_.push_back(head);
  }
  if (!behaviour_.redirect_to.empty()) {
    Send(connection, fmt::format("HTTP/1.1 302 Found\r\nLocation: {}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n",
                                 behaviour_.redirect_to));
    return;
  }
  if (behaviour_.status != 0) {
    Send(connection,
         fmt::format("HTTP/1.1 {} No\r\nContent-Length: 6\r\nConnection: close\r\n\r\nabsent", behaviour_.status));
    return;
  }
  const std::string range = Header(head, "Range"), condition = Header(head, "If-Range");
  const bool partial =
      !range.empty() && !behaviour_.ignore_range && (condition.empty() || condition == behaviour_.etag);
  const size_t start = partial ? static_cast<size_t>(std::atoll(range.substr(6).c_str())) : 0;  // after "bytes="
  if (start >= behaviour_.content.size() && partial) {
    Send(connection, "HTTP/1.1 416 Range Not Satisfiable\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
    return;
  }
  std::string_view body = std::string_view(behaviour_.content).substr(start);
  std::string answer = partial ? fmt::format("HTTP/1.1 206 Partial Content\r\nContent-Range: bytes {}-{}/{}\r\n", start,
                                             behaviour_.content.size() - 1, behaviour_.content.size())
                               : "HTTP/1.1 200 OK\r\n";
  if (!behaviour_.etag.empty()) answer += "ETag: " + behaviour_.etag + "\r\n";
  const uint64_t claimed = behaviour_.claimed_bytes != 0 ? behaviour_.claimed_bytes : body.size();
  if (!behaviour_.chunked) answer += fmt::format("Content-Length: {}\r\n", claimed);
  Send(connection, answer + "Connection: close\r\n\r\n");
  const bool cut = behaviour_.cut_after != 0 && number < static_cast<size_t>(behaviour_.num_cuts);
  Send(connection, cut ? body.substr(0, behaviour_.cut_after) : body);
  while (cut && behaviour_.stall && !stop_) {
    pollfd polled{connection, POLLIN, 0};
    if (::poll(&polled, 1, 20) > 0) return;  // the client has had enough
  }
}

}  // namespace siskin::testing
