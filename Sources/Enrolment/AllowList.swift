import Files
import Foundation
import Messaging

/// The admitted and the revoked worker keys of a coordinator.
package struct AllowList: Hashable, Sendable {
  /// A worker's key and its name.
  package struct Entry: Hashable, Sendable {
    /// Its name, unique among admitted keys.
    package var name: String
    /// The key.
    package var key: CurvePublicKey
    /// When it was admitted.
    package var admitted: Date
    /// Whether several hosts may use it, for example in a cluster with a shared home folder.
    package var isShared = false
    /// When it was revoked; nil while it is admitted.
    package var revoked: Date?
  }

  /// All keys, in the order of their admission.
  package private(set) var entries: [Entry] = []

  static let fileName = "workers.json"

  /// The entry of a key, revoked or not.
  package func entry(of key: CurvePublicKey) -> Entry? {
    entries.first { $0.key == key }
  }

  /// Admits a key under a name.
  ///
  /// - Parameter evenIfRevoked: Whether to admit a revoked key again, which a person must request
  ///   explicitly.
  /// - Throws: ``AccessError`` if the name is invalid or another admitted key has it, or if the key
  ///   was revoked.
  package mutating func admit(
    _ key: CurvePublicKey, as name: String, isShared: Bool = false, evenIfRevoked: Bool = false,
    at now: Date
  ) throws(AccessError) {
    try Self.check(name)
    if let known = entry(of: key), let revoked = known.revoked, !evenIfRevoked {
      throw AccessError(
        "the key of \(known.name) was revoked on \(revoked.formatted(.iso8601))",
        remedy:
          "`coordinator admit \(key) --name \(ShellWord.quoted(name)) --again` admits it again")
    }
    if let other = entries.first(where: { $0.name == name && $0.revoked == nil && $0.key != key }) {
      throw AccessError(
        "the name \(name) is that of another key, \(other.key.short)…",
        remedy: "give another name, or `coordinator revoke \(ShellWord.quoted(name))` first")
    }
    entries.removeAll { $0.key == key }
    entries.append(Entry(name: name, key: key, admitted: now, isShared: isShared))
  }

  /// Revokes the key of a name, or a key.
  ///
  /// - Returns: The entry; nil if no admitted key matches.
  package mutating func revoke(_ nameOrKey: String, at now: Date) -> Entry? {
    let key = CurvePublicKey(nameOrKey)
    guard
      let index = entries.firstIndex(where: {
        $0.revoked == nil && ($0.name == nameOrKey || $0.key == key)
      })
    else { return nil }
    entries[index].revoked = now
    return entries[index]
  }

  /// An unused name similar to the requested one.
  func freeName(like wish: String) -> String {
    let taken = Set(entries.filter { $0.revoked == nil }.map(\.name))
    let allowed = wish.map {
      $0.isASCII && ($0.isLetter || $0.isNumber || "._-".contains($0)) ? $0 : "-"
    }
    let stem = String(allowed.drop { !$0.isLetter && !$0.isNumber }.prefix(56))
    let name = stem.isEmpty ? "worker" : stem
    guard taken.contains(name) else { return name }
    var number = 2
    while taken.contains("\(name)-\(number)") { number += 1 }
    return "\(name)-\(number)"
  }

  /// Checks that a name is safe in messages, file names and command lines.
  package static func check(_ name: String) throws(AccessError) {
    let bytes = Array(name.utf8)
    let isPlain = bytes.allSatisfy {
      ($0 >= 0x30 && $0 <= 0x39) || ($0 >= 0x41 && $0 <= 0x5A) || ($0 >= 0x61 && $0 <= 0x7A)
        || $0 == 0x2D || $0 == 0x2E || $0 == 0x5F
    }
    guard (1...63).contains(bytes.count), isPlain, bytes[0] != 0x2D, bytes[0] != 0x2E else {
      throw AccessError(
        "name \(String(reflecting: String(name.prefix(80))))",
        remedy: "use 1 to 63 letters, digits and ._- that begin with a letter or digit")
    }
  }
}

extension AllowList: Codable {
  private struct Row: Codable {
    var name: String
    var key: String
    var admitted: Date
    var shared: Bool?
    var revoked: Date?
  }

  package init(from decoder: any Decoder) throws {
    entries = try [Row](from: decoder).map { row in
      guard let key = CurvePublicKey(row.key) else {
        throw DecodingError.dataCorrupted(
          .init(codingPath: decoder.codingPath, debugDescription: "\(row.name): no key"))
      }
      try Self.check(row.name)
      return Entry(
        name: row.name, key: key, admitted: row.admitted, isShared: row.shared ?? false,
        revoked: row.revoked)
    }
  }

  package func encode(to encoder: any Encoder) throws {
    try entries.map {
      Row(
        name: $0.name, key: "\($0.key)", admitted: $0.admitted, shared: $0.isShared ? true : nil,
        revoked: $0.revoked)
    }.encode(to: encoder)
  }
}

extension KeyFolder {
  /// The allow-list; an empty one when there is none.
  package func allowList() throws(AccessError) -> AllowList {
    try value(AllowList.fileName) ?? AllowList()
  }

  /// Changes the allow-list; running coordinators reread it.
  package func changeAllowList<Value>(
    _ change: (inout AllowList) throws(AccessError) -> Value
  ) throws(AccessError) -> Value {
    try locked { () throws(AccessError) in
      var list = try allowList()
      let before = list
      let value = try change(&list)
      if list != before { try writeValue(list, AllowList.fileName) }
      return value
    }
  }

  func value<Value: Decodable>(_ name: String) throws(AccessError) -> Value? {
    guard let data = try read(name) else { return nil }
    let decoder = JSONDecoder()
    decoder.dateDecodingStrategy = .iso8601
    do {
      return try decoder.decode(Value.self, from: data)
    } catch {
      throw AccessError(
        "\(url.appending(path: name).path): \(ErrorWords.text(error))",
        remedy: "restore the file from a copy")
    }
  }

  func writeValue(_ value: some Encodable, _ name: String) throws(AccessError) {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .prettyPrinted]
    encoder.dateEncodingStrategy = .iso8601
    guard let data = try? encoder.encode(value) else {
      preconditionFailure("lists of texts and dates have a JSON form")
    }
    try write(data + Data("\n".utf8), name)
  }
}
