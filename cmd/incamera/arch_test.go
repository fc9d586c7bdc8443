package main

import (
	"fmt"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/fstest"
)

// A rule says what a package may import of ours; "x/..." is x and all below it.
// Rules for a whole tree hold where no rule names the package itself.
var mayImport = map[string][]string{
	"cmd/incamera":             {"signaling", "signaling/auth", "signaling/files", "signaling/hook", "signaling/room", "signaling/store", "signaling/wire", "sfu", "sfu/delay", "sfu/trace", "sfu/trace/replay", "sfu/transport/sniff", "web"},
	"cmd/incamera-peer":        {"cmd/incamera-peer/...", "e2ee/...", "signaling/wire", "testdata/media"},
	"cmd/incamera-peer/...":    {"cmd/incamera-peer/...", "e2ee/...", "signaling/wire", "testdata/media"},
	"cmd/incamera-peer/bench":  {"cmd/incamera-peer/client", "e2ee/...", "signaling/wire", "sfu/delay"},
	"cmd/incamera-peer/client": {"cmd/incamera-peer/...", "e2ee/...", "signaling/wire", "testdata/media", "sfu/rtpx", "sfu/transport/reception"},
	"cmd/imagewrite":           {},
	"cmd/wiregen":              {"signaling/wire"},
	"signaling":                {"signaling/auth", "signaling/files", "signaling/hook", "signaling/room", "signaling/store", "signaling/token", "signaling/wire"},
	"signaling/hook":           {},
	"signaling/room":           {"signaling/delivery", "signaling/token", "signaling/wire"},
	"signaling/auth":           {},
	"signaling/auth/...":       {},
	"signaling/delivery":       {"signaling/wire"},
	"signaling/files":          {"signaling/token"},
	"signaling/store":          {},
	"signaling/token":          {},
	"signaling/wire":           {},
	"sfu":                      {"sfu/..."}, // never signaling: media does not wait for control
	"sfu/trace":                {"sfu/allocate", "sfu/bwe", "sfu/layer"},
	"sfu/trace/replay":         {"sfu/allocate", "sfu/bwe", "sfu/layer", "sfu/quality", "sfu/trace"},
	"sfu/transport":            {"sfu/bwe", "sfu/delay", "sfu/pace", "sfu/rtpx", "sfu/trace", "sfu/transport/..."},
	"sfu/transport/session":    {"sfu/rtpx"},
	"sfu/transport/udp":        {"sfu/delay"},
	"sfu/transport/reception":  {"sfu/munge", "sfu/transport/rtcpx"},
	"sfu/sfutest":              {"sfu"},
	"sfu/...":                  {}, // leaves
	"e2ee/eddsa":               {},
	"e2ee/mls":                 {"e2ee/eddsa"},
	"e2ee/sframe":              {},
	"e2ee/wrap":                {},
	"e2ee/...":                 {"e2ee/..."},
	"testdata/media":           {},
	"web":                      {},

	// Hostile parts, never shipped.
	"cmd/incamera-attack":     {"cmd/incamera-attack/attack"},
	"cmd/incamera-attack/...": {"cmd/incamera-peer/...", "e2ee/...", "signaling", "signaling/delivery", "signaling/store", "signaling/wire"},
}

const module = "incamera/"

func TestImports(t *testing.T) {
	imports, err := importsOf(os.DirFS("../.."))
	if err != nil {
		t.Fatal(err)
	}
	if len(imports["cmd/incamera"]) < 2 {
		t.Fatalf("cmd/incamera imports %v of ours: is this the right folder?", imports["cmd/incamera"])
	}
	for _, problem := range outside(imports, mayImport) {
		t.Error(problem)
	}
}

// TestServerHoldsNoKeys: nothing that the server is made of imports e2ee.
func TestServerHoldsNoKeys(t *testing.T) {
	imports, err := importsOf(os.DirFS("../.."))
	if err != nil {
		t.Fatal(err)
	}
	way := reach(imports, "cmd/incamera", "e2ee")
	if way != nil {
		t.Errorf("the server depends on e2ee: %s", strings.Join(way, " imports "))
	}
}

// TestChecksFail shows both checks a repository that leaves the picture.
func TestChecksFail(t *testing.T) {
	src := func(imports ...string) *fstest.MapFile {
		text := "package x\n"
		for _, i := range imports {
			text += fmt.Sprintf("import _ %q\n", i)
		}
		return &fstest.MapFile{Data: []byte(text)}
	}
	imports, err := importsOf(fstest.MapFS{
		"cmd/incamera/main.go":      src("fmt", "incamera/signaling"),
		"signaling/server.go":       src("incamera/signaling/room"),
		"signaling/room/room.go":    src("incamera/sfu"),
		"sfu/sfu.go":                src("incamera/sfu/ring", "incamera/signaling"),
		"sfu/ring/ring.go":          src("incamera/e2ee/keys"),
		"sfu/ring/ring_test.go":     src("incamera/web"), // tests may
		"e2ee/keys/keys.go":         src("incamera/e2ee/mls"),
		"e2ee/mls/mls.go":           src(),
		"extra/extra.go":            src(),
		"web/node_modules/x/bad.go": src("incamera/sfu"),
	})
	if err != nil {
		t.Fatal(err)
	}
	problems := outside(imports, map[string][]string{
		"cmd/incamera": {"signaling"}, "signaling": {"signaling/..."}, "signaling/room": {"sfu"},
		"sfu": {"sfu/..."}, "sfu/...": {}, "e2ee/...": {"e2ee/..."}, "gone": {},
	})
	want := []string{
		"extra is not in the picture",
		"gone is in the picture, but does not exist",
		"sfu imports signaling, which the picture does not allow",
		"sfu/ring imports e2ee/keys, which the picture does not allow",
	}
	slices.Sort(problems)
	if !slices.Equal(problems, want) {
		t.Errorf("found\n%s\nwant\n%s", strings.Join(problems, "\n"), strings.Join(want, "\n"))
	}
	if way := reach(imports, "cmd/incamera", "e2ee"); strings.Join(way, " ") != "cmd/incamera signaling signaling/room sfu sfu/ring e2ee/keys" {
		t.Errorf("the way to e2ee: %v", way)
	}
	if way := reach(imports, "e2ee/mls", "sfu"); way != nil {
		t.Errorf("a way that is none: %v", way)
	}
}

// importsOf returns what each package of ours imports of ours, outside tests.
func importsOf(root fs.FS) (map[string][]string, error) {
	all := map[string][]string{}
	err := fs.WalkDir(root, ".", func(file string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if name := d.Name(); d.IsDir() && file != "." && (strings.HasPrefix(name, ".") || name == "node_modules" || name == "testdata" && file != "testdata") {
			return fs.SkipDir
		}
		if d.IsDir() || !strings.HasSuffix(file, ".go") || strings.HasSuffix(file, "_test.go") {
			return nil
		}
		src, err := fs.ReadFile(root, file)
		if err != nil {
			return err
		}
		f, err := parser.ParseFile(token.NewFileSet(), file, src, parser.ImportsOnly)
		if err != nil {
			return err
		}
		pkg := path.Dir(file)
		all[pkg] = append(all[pkg], []string{}...)
		for _, imp := range f.Imports {
			full, err := strconv.Unquote(imp.Path.Value)
			if err != nil {
				return err
			}
			if dep, ours := strings.CutPrefix(full, module); ours && !slices.Contains(all[pkg], dep) {
				all[pkg] = append(all[pkg], dep)
			}
		}
		return nil
	})
	return all, err
}

// outside lists where imports leave the picture.
func outside(imports, picture map[string][]string) (problems []string) {
	for pkg, deps := range imports {
		allowed, ok := rule(picture, pkg)
		if !ok {
			problems = append(problems, pkg+" is not in the picture")
			continue
		}
		for _, dep := range deps {
			if !slices.ContainsFunc(allowed, func(a string) bool { return covers(a, dep) }) {
				problems = append(problems, fmt.Sprintf("%s imports %s, which the picture does not allow", pkg, dep))
			}
		}
	}
	for pkg := range picture {
		if _, exists := imports[pkg]; !exists && !strings.HasSuffix(pkg, "/...") {
			problems = append(problems, pkg+" is in the picture, but does not exist")
		}
	}
	return problems
}

func rule(picture map[string][]string, pkg string) ([]string, bool) {
	if allowed, ok := picture[pkg]; ok {
		return allowed, true
	}
	for key, allowed := range picture {
		if tree, ok := strings.CutSuffix(key, "/..."); ok && strings.HasPrefix(pkg, tree+"/") {
			return allowed, true
		}
	}
	return nil, false
}

func covers(allowed, dep string) bool {
	tree, isTree := strings.CutSuffix(allowed, "/...")
	return allowed == dep || isTree && (dep == tree || strings.HasPrefix(dep, tree+"/"))
}

// reach returns a way of imports from a package into a tree, nil when there is
// none.
func reach(imports map[string][]string, from, tree string) []string {
	type step struct {
		pkg string
		way []string
	}
	seen := map[string]bool{from: true}
	for queue := []step{{from, []string{from}}}; len(queue) > 0; queue = queue[1:] {
		s := queue[0]
		if covers(tree+"/...", s.pkg) {
			return s.way
		}
		for _, dep := range imports[s.pkg] {
			if !seen[dep] {
				seen[dep] = true
				queue = append(queue, step{dep, append(slices.Clone(s.way), dep)})
			}
		}
	}
	return nil
}
