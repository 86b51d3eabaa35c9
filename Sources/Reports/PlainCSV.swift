import Foundation

/// A table of unquoted fields, as trials write numbers.
struct PlainCSV {
  let header: [String]
  let rows: [[Substring]]

  init(_ data: Data) throws(FormatError) {
    let lines = String(decoding: data, as: UTF8.self).split(separator: "\n")
    guard let first = lines.first else {
      throw FormatError(place: "line 1", found: "nothing", expected: "a header")
    }
    header = first.split(separator: ",", omittingEmptySubsequences: false).map(String.init)
    var rows: [[Substring]] = []
    rows.reserveCapacity(lines.count - 1)
    for (index, line) in lines.dropFirst().enumerated() {
      let fields = line.split(separator: ",", omittingEmptySubsequences: false)
      guard fields.count == header.count else {
        throw FormatError(
          place: "line \(index + 2)", found: "\(fields.count) fields",
          expected: "\(header.count)")
      }
      rows.append(fields)
    }
    self.rows = rows
  }
}
