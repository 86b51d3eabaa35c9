import Testing

@testable import Downloads

@Suite("The table of published files")
struct PublishedDataTests {
  @Test("every file has a name, an address on the web that ends in it, and a checksum")
  func table() throws {
    #expect(PublishedData.datasets.count == Set(PublishedData.datasets).count)
    for dataset in PublishedData.datasets {
      let files = try #require(PublishedData.files(of: dataset))
      #expect(!files.isEmpty)
      for file in files {
        #expect(!file.name.contains("/") && !file.addresses.isEmpty)
        for address in file.addresses {
          #expect(address.hasPrefix("http") && address.hasSuffix("/" + file.name))
        }
        if case .md5(let digits) = file.checksum {
          #expect(digits.count == 32 && digits.allSatisfy { "0123456789abcdef".contains($0) })
        }
      }
    }
    #expect(PublishedData.files(of: "sprites28") == nil)
  }

  @Test("a response head is parsed line by line, and the last head counts")
  func heads() {
    func head(_ lines: String...) -> ResponseHead {
      var head = ResponseHead()
      for line in lines { head.take(line + "\r\n") }
      return head
    }
    let redirected = head(
      "HTTP/1.1 302 Found", "Content-Length: 5", "", "HTTP/2 206", "content-TYPE: Text/HTML; x=y",
      "Content-Range: bytes 100-199/200", "")
    #expect(redirected.isComplete && !redirected.isRedirection)
    #expect(head("HTTP/1.1 302 Found", "").isRedirection && !head("HTTP/1.1 200 OK").isComplete)
    #expect(redirected.status == 206 && redirected.contentLength == nil)
    #expect(redirected.contentType == "text/html")
    #expect(redirected.range == .init(start: 100, total: 200))
    #expect(head("HTTP/1.1 416 No", "Content-Range: bytes */7").range == .init(total: 7))
    #expect(head("HTTP/1.1 206 OK", "Content-Range: bytes 1-2/*").range == .init(start: 1))
    for damaged in ["", "bytes", "bytes 1-2", "lines 1-2/3", "bytes 1/2/3"] {
      #expect(head("HTTP/1.1 206 OK", "Content-Range: \(damaged)").range == nil)
    }
    #expect(head("HTTP/1.1", "Content-Length: -5").contentLength == nil)
    #expect(head("Content-Length: 99999999999999999999").contentLength == nil)
  }
}
