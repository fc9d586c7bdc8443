package main

import (
	"slices"
	"strings"
	"testing"
)

func TestParseFile(t *testing.T) {
	got, err := parseFile(`
# a comment
listen = "0.0.0.0:443" # all
behind-proxy=true#x
advertise = ["203.0.113.7", "2001:db8::1",]
data = "with \"quotes\" and # in it"
none = [ ]
`)
	if err != nil {
		t.Fatal(err)
	}
	if len(got) != 5 || got["listen"].text != "0.0.0.0:443" || got["listen"].line != 3 || got["behind-proxy"].text != "true" ||
		!slices.Equal(got["advertise"].list, []string{"203.0.113.7", "2001:db8::1"}) || got["data"].text != `with "quotes" and # in it` ||
		got["none"].kind != kindList || got["none"].list != nil {
		t.Errorf("%+v", got)
	}
	for line, want := range map[string]string{
		`[server]`:              "sections",
		`listen`:                "name = value",
		`= "x"`:                 "name = value",
		`listen = 0.0.0.0:443`:  "neither a text",
		`listen = 'x'`:          "neither a text",
		`listen = yes`:          "neither a text",
		`listen = "x`:           "double quotes",
		`listen = "x" y`:        `stands "y"`,
		`a = ["x" "y"]`:         "comma",
		`a = ["x"`:              "comma",
		`a = [x]`:               "double quotes",
		"a = \"x\"\na = \"y\"":  "line 2: a is set in line 1",
		"a = true\nb\nc = nope": "line 3",
	} {
		if _, err := parseFile(line); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %q", line, err, want)
		}
	}
}

func FuzzParseFile(f *testing.F) {
	f.Add("a = \"b\"\nc = [\"d\", \"e\"] # f\ng = true\n")
	f.Fuzz(func(t *testing.T, text string) {
		values, err := parseFile(text)
		if err != nil {
			return
		}
		var b strings.Builder
		for name, v := range values {
			b.WriteString(name + " = ")
			switch v.kind {
			case kindText:
				b.WriteString(quote(v.text))
			case kindBool:
				b.WriteString(v.text)
			case kindList:
				b.WriteString("[")
				for _, item := range v.list {
					b.WriteString(quote(item) + ",")
				}
				b.WriteString("]")
			}
			b.WriteString("\n")
		}
		again, err := parseFile(b.String())
		if err != nil || len(again) != len(values) {
			t.Fatalf("%q, written anew %q: %v", text, b.String(), err)
		}
		for name, v := range values {
			if w := again[name]; w.kind != v.kind || w.text != v.text || !slices.Equal(w.list, v.list) {
				t.Fatalf("%s: %+v, then %+v", name, v, w)
			}
		}
	})
}

func TestDidYouMean(t *testing.T) {
	known := []string{"listen", "advertise", "tls-cert", "tls-key", "data"}
	for name, want := range map[string]string{
		"lisen": "listen", "advetise": "advertise", "tls_key": "tls-key", "tls-crt": "tls-cert", "dta": "data", "turn-server": "", "x": "",
	} {
		if got := didYouMean(name, known); want == "" && got != "" || want != "" && !strings.Contains(got, "mean "+want+"?") {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
}
