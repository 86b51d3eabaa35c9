import Foundation

/// A text made of one piece for each trial, kept so that a change costs the pieces that changed.
struct KeptText {
  /// All pieces, one after the other, in UTF-8.
  private(set) var data = Data()
  /// Where each piece ends.
  private var ends: [Int] = []

  /// Makes every piece.
  mutating func make(count: Int, _ piece: (Int) -> String) {
    data = Data()
    ends = []
    ends.reserveCapacity(count)
    for place in 0..<count {
      data.append(contentsOf: piece(place).utf8)
      ends.append(data.count)
    }
  }

  /// Makes some pieces anew.
  ///
  /// - Parameter places: Those of the pieces, ascending, each once.
  mutating func replace(_ places: [Int], _ piece: (Int) -> String) {
    guard let first = places.first else { return }
    var new = Data()
    new.reserveCapacity(data.count + 64 * places.count)
    var copied = 0
    var newEnds = Array(ends[..<first])
    newEnds.reserveCapacity(ends.count)
    for (index, place) in places.enumerated() {
      new.append(data[copied..<(place == 0 ? 0 : ends[place - 1])])
      new.append(contentsOf: piece(place).utf8)
      copied = ends[place]
      newEnds.append(new.count)
      let next = index + 1 < places.count ? places[index + 1] : ends.count
      let shift = new.count - copied
      for other in (place + 1)..<next { newEnds.append(ends[other] + shift) }
    }
    new.append(data[copied...])
    (data, ends) = (new, newEnds)
  }
}
