#include "model/card_metadata.h"

#include "base/error.h"
#include "base/hash.h"
#include "base/json.h"

namespace siskin {
namespace {

// What PyTorch's readers of safetensors look for.
constexpr char kFormatKey[] = "format", kFormat[] = "pt";

// Of what Siskin writes into the metadata, as it stands there: what other programs add does not count.
std::string CardDigest(const Metadata& metadata) {
  const auto format = metadata.find(kFormatKey);
  return Sha256Hex((format == metadata.end() ? "" : format->second) + "\n" + metadata.at(kModelCardKey));
}

void CheckCardDigest(const Metadata& metadata, std::string_view where) {
  const auto expected = metadata.find(kModelCardDigestKey);
  if (expected == metadata.end()) return;
  const std::string found = CardDigest(metadata);
  if (found == expected->second) return;
  Fail(ErrorKind::kModel,
       "{}: its card (classes, threshold, preprocessing ...) is not the one that was written: its SHA-256 is {}..., "
       "expected {}...; the file is damaged or was edited: copy it again from where it was made",
       where, found.substr(0, 16), Printable(expected->second, 16));
}

// Files of versions before the digests have neither; with one of them there were both.
void CheckCardHasDigest(const Metadata& metadata, const ModelCard& card, std::string_view where) {
  if (card.weights_sha256.empty() || metadata.contains(kModelCardDigestKey)) return;
  Fail(ErrorKind::kModel,
       "{}: has a card, but not its SHA-256 (\"{}\"); the file is damaged or was edited: copy it again from where it "
       "was made",
       where, kModelCardDigestKey);
}

}  // namespace

Metadata CardToMetadata(const ModelCard& card) {
  Metadata metadata = {{kFormatKey, kFormat}, {kModelCardKey, ToText(ToJson(card))}};
  metadata[kModelCardDigestKey] = CardDigest(metadata);
  return metadata;
}

ModelCard CardFromMetadata(const Metadata& metadata, std::string_view where) {
  const auto found = metadata.find(kModelCardKey);
  if (found == metadata.end()) {
    Fail(ErrorKind::kModel,
         "{}: is a safetensors file, but no model of siskin (it has no \"{}\" card); `siskin train` makes one, weights "
         "go through `siskin weights import`",
         where, kModelCardKey);
  }
  CheckCardDigest(metadata, where);
  ModelCard card = ModelCardFromJson(ParseJson(found->second, where), where);
  CheckCardHasDigest(metadata, card, where);
  return card;
}

}  // namespace siskin
