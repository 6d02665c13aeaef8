package answer

// What is wanted of Anchors. Each test is a check, and its comment says what has to hold.

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"math/big"
	"strings"
	"sync"
	"testing"
	"time"

	"answer/lab"
)

// roots are two of them, in PEM. Each ends with a line break.
var roots = sync.OnceValue(func() (roots [2]string) {
	for number := range roots {
		key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
		if err != nil {
			panic(err)
		}
		template := &x509.Certificate{
			SerialNumber: big.NewInt(int64(number)),
			Subject:      pkix.Name{CommonName: "Root"},
			NotBefore:    time.Now().Add(-time.Hour),
			NotAfter:     time.Now().Add(time.Hour),
			IsCA:         true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
		}
		der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
		if err != nil {
			panic(err)
		}
		roots[number] = string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}))
	}
	return roots
})

// found says how many anchors a file is said to hold, or why it is rejected.
func found(file string) (string, bool) {
	anchors, err := Anchors([]byte(file))
	if err != nil {
		return fmt.Sprintf("an error (%v)", err), false
	}
	for number, anchor := range anchors {
		if anchor == nil || anchor.SerialNumber.Cmp(big.NewInt(int64(number))) != 0 {
			return "another anchor than the file has", true
		}
	}
	return fmt.Sprint(len(anchors)), true
}

// What is written every day is read: comments between blocks, line ends of Windows, no line break at the end.
func TestWhatIsWrittenEveryDayIsRead(t *testing.T) {
	defer stop(t)
	first, second := roots()[0], roots()[1]
	for _, file := range []struct{ what, pem string }{
		{"two blocks", first + second},
		{"line ends of Windows", strings.ReplaceAll(first+second, "\n", "\r\n")},
		{"no line break at the end", strings.TrimSpace(first + second)},
		{"comments between the blocks, one with dashes, `# --- the one before, until 2027 ---`, and one that begins with a dash, `- kept by ops`", "# our root\n" + first + "\n# --- the one before, until 2027 ---\n- kept by ops\n" + second + "\n"},
		{"comments with the words of a mark, `# VENDOR ROOTS` and `# to be replaced by the END of 2027`", "# VENDOR ROOTS\n" + first + "\n# to be replaced by the END of 2027\n" + second},
		{"a comment behind the last block", first + second + "# the end of our roots\n"},
	} {
		if found, _ := found(file.pem); found != "2" {
			t.Fatalf("A file with two anchors is whole (%s), and the answer is %s in place of 2. Text that does not look like a part of a block may stand between blocks, and behind them.", file.what, found)
		}
	}
	aRootTwiceIsNoFault(t)
}

// aRootTwiceIsNoFault: bundles that were joined have some roots twice. Such a root counts once, or twice.
func aRootTwiceIsNoFault(t *testing.T) {
	first, second := roots()[0], roots()[1]
	anchors, err := Anchors([]byte(first + second + first))
	if err != nil || len(anchors) < 2 {
		t.Fatalf("A file with two anchors is whole (the first root once more at the end), and the answer is %d of them, with the error %v. Bundles that were joined have some roots twice: each block parses, and nothing is lost.", len(anchors), err)
	}
}

// A block that does not parse is not passed over.
func TestABlockThatDoesNotParseIsNotPassedOver(t *testing.T) {
	defer stop(t)
	first, second := roots()[0], roots()[1]
	for _, block := range []struct{ what, pem string }{
		{"has a character that is not base64", strings.Replace(second, "MII", "!!!", 1)},
		{"holds a web page", "-----BEGIN CERTIFICATE-----\nPGh0bWw+PC9odG1sPg==\n-----END CERTIFICATE-----\n"},
	} {
		if found, taken := found(first + block.pem); taken {
			t.Fatalf("The second block %s, and the answer is %s: an anchor fewer than the file was meant to hold. Its clients are turned away, and no log says why. What does not parse is a reason to keep the file of before.", block.what, found)
		}
	}
}

// A file that a writer has not finished is not whole, wherever it is cut.
func TestACutAnywhereInTheSecondBlockIsFound(t *testing.T) {
	defer stop(t)
	first, second := roots()[0], roots()[1]
	line, end := len("-----BEGIN CERTIFICATE-----"), strings.LastIndex(second, "-----END")
	cuts := []int{line + 1, 200, end, end + 1, end + 9, len(second) - 2}
	for cut := 1; cut <= line; cut++ {
		cuts = append(cuts, cut)
	}
	for _, cut := range cuts {
		if found, taken := found(first + second[:cut]); taken {
			written := strings.Split(second[:cut], "\n")
			t.Fatalf("A writer has come as far as `%s` in the second block, and the answer is %s. To a parser, a line that is half a mark is text outside of blocks, which it passes over. Nothing that looks like a part of a block may stand outside of one.", written[len(written)-1], found)
		}
	}
	aBlockWithoutItsFirstLineIsFound(t)
}

// aBlockWithoutItsFirstLineIsFound: an editor, or a download that began late, leaves such a block.
func aBlockWithoutItsFirstLineIsFound(t *testing.T) {
	first, second := roots()[0], roots()[1]
	without := func(block, mark string) string {
		rest := ""
		for line := range strings.Lines(block) {
			if !strings.Contains(line, mark) {
				rest += line
			}
		}
		return rest
	}
	for _, file := range []struct{ what, pem string }{
		{"The first line of the first block is gone", without(first, "-----BEGIN") + second},
		{"The first line of the second block is gone", first + without(second, "-----BEGIN")},
		{"The last line of the first block is gone", without(first, "-----END") + second},
		{"The first byte of the file is gone", (first + second)[1:]},
		{"The first 100 bytes of the file are gone", (first + second)[100:]},
	} {
		if found, taken := found(file.pem); taken {
			t.Fatalf("%s, and the answer is %s: an anchor is lost. A block has two lines that mark it, and a file is cut at its beginning as well as at its end. Each mark needs the other one, and each pair of them an anchor.", file.what, found)
		}
	}
}

// Two files that were joined without a line break are not one file.
func TestFilesThatWereJoinedWithoutALineBreakAreRefused(t *testing.T) {
	defer stop(t)
	if found, taken := found(strings.TrimSpace(roots()[0]) + roots()[1]); taken {
		t.Fatalf("`cat` has joined two files, the first of which had no line break at its end, so that one line reads `-----END CERTIFICATE----------BEGIN CERTIFICATE-----`. The answer is %s, and the second anchor is lost.", found)
	}
}

// A block of another kind is not passed over.
func TestABlockOfAnotherKindIsRefused(t *testing.T) {
	defer stop(t)
	list := "-----BEGIN X509 CRL-----\nMAA=\n-----END X509 CRL-----\n"
	first, second := roots()[0], roots()[1]
	for place, pem := range map[string]string{"Behind": first + second + list, "Between": first + list + second} {
		if found, taken := found(pem); taken {
			t.Fatalf("%s its anchors the file holds a list of revoked certificates, and the answer is %s. The operator who put it there believes that it revokes something.", place, found)
		}
	}
	for _, kind := range []string{"TRUSTED CERTIFICATE", "PKCS7"} {
		block := "-----BEGIN " + kind + "-----\nMAA=\n-----END " + kind + "-----\n"
		if found, taken := found(first + second + block); taken {
			t.Fatalf("Behind its anchors the file holds a block that begins with `-----BEGIN %s-----`, and the answer is %s. Tools write anchors in such blocks too, and this one is lost. Refuse every kind but `CERTIFICATE`, rather than the kinds that you know.", kind, found)
		}
	}
}

// A file without an anchor is rejected.
func TestAFileWithoutAnAnchorIsRejected(t *testing.T) {
	defer stop(t)
	for _, pem := range []string{"", "# to be filled\n"} {
		if found, taken := found(pem); taken {
			t.Fatalf("The file holds no anchor, and the answer is %s: a server that takes it lets no client in.", found)
		}
	}
}

// A comment is bytes, and need not be UTF-8.
func TestACommentNeedNotBeUTF8(t *testing.T) {
	defer stop(t)
	first, second := roots()[0], roots()[1]
	if found, _ := found(first + "# von Herrn M\xfcller\n" + second); found != "2" {
		t.Fatalf("A file with two anchors has a comment in Latin-1 between them, as bundles of some age do. The answer is %s in place of 2. A file that another program writes can hold any bytes.", found)
	}
}

// A block that is indented is not passed over.
func TestABlockThatIsIndentedIsNotPassedOver(t *testing.T) {
	defer stop(t)
	first, second := roots()[0], roots()[1]
	indented := "  " + strings.ReplaceAll(strings.TrimSpace(second), "\n", "\n  ") + "\n"
	if found, taken := found(first + indented); taken && found != "2" {
		t.Fatalf("The second block was copied out of a file in YAML, with two spaces before each line. The parser passes over it, and the answer is %s: an anchor is lost. Its marks do not stand at the beginning of a line, and are marks all the same.", found)
	}
	for _, prefix := range []string{"> ", "ca.crt:"} {
		quoted := prefix + strings.ReplaceAll(strings.TrimSpace(second), "\n", "\n"+prefix) + "\n"
		if found, taken := found(first + quoted); taken && found != "2" {
			t.Fatalf("The second block was copied out of a mail, or out of what `grep` printed: each of its lines begins with `%s`. The parser passes over it, and the answer is %s: an anchor is lost. A mark can have anything before it, and not blanks alone.", prefix, found)
		}
	}
}

// stop turns a panic of the answer into a failure of this check alone.
func stop(t *testing.T) {
	if said := recover(); said != nil {
		t.Fatal(lab.Panicked(said))
	}
}
