/// The future events of a simulation, earliest first, ties in the order of planning.
package struct Timeline<Happening> {
  private struct Entry {
    var time: Int
    var number: Int
    var happening: Happening

    func precedes(_ other: Entry) -> Bool {
      time == other.time ? number < other.number : time < other.time
    }
  }

  private var heap: [Entry] = []
  private var count = 0

  /// An empty timeline.
  package init() {}

  /// Plans a happening at a time in milliseconds.
  package mutating func plan(_ happening: Happening, at time: Int) {
    heap.append(Entry(time: time, number: count, happening: happening))
    count += 1
    var place = heap.count - 1
    while place > 0, heap[place].precedes(heap[(place - 1) / 2]) {
      heap.swapAt(place, (place - 1) / 2)
      place = (place - 1) / 2
    }
  }

  /// Removes the earliest happening.
  package mutating func next() -> (time: Int, happening: Happening)? {
    guard let first = heap.first else { return nil }
    let last = heap.removeLast()
    if !heap.isEmpty {
      heap[0] = last
      var place = 0
      while true {
        var least = place
        for child in [2 * place + 1, 2 * place + 2]
        where child < heap.count && heap[child].precedes(heap[least]) {
          least = child
        }
        if least == place { break }
        heap.swapAt(place, least)
        place = least
      }
    }
    return (first.time, first.happening)
  }
}
