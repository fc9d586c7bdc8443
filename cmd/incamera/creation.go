package main

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"incamera/signaling/store"
)

// everybodyMakes reports whether anybody may make rooms: on loopback, where
// only this machine's people come, or with --open. Behind a proxy others come
// by loopback, too.
func (c *Config) everybodyMakes() bool {
	host, _, err := splitAddress(c.Listen)
	return c.Open || err == nil && host.IsLoopback() && !c.BehindProxy
}

// dataDir is the folder of --data, or the one that systemd gives the service.
func dataDir(data string) string {
	if data != "" {
		return data
	}
	first, _, _ := strings.Cut(os.Getenv("STATE_DIRECTORY"), ":")
	return first
}

// openStore opens the store of a server that is not for everybody. It returns
// nil, and no note, for one that is.
func openStore(ctx context.Context, c *Config, url string, now time.Time) (s *store.Store, permitKey []byte, notes []string, err error) {
	if c.everybodyMakes() {
		return nil, nil, nil, nil
	}
	if s, err = store.Open(ctx, c.Data); err != nil {
		return nil, nil, nil, err
	}
	if permitKey, err = s.PermitKey(ctx); err == nil {
		err = errors.Join(s.SetURL(ctx, url), s.Note(ctx, "server started", now))
	}
	if err == nil {
		notes, err = firstLink(ctx, s, url, now)
	}
	if err != nil {
		return nil, nil, nil, errors.Join(err, s.Close())
	}
	return s, permitKey, notes, nil
}

// firstLink makes an admin link as long as none has been used: nobody could
// make a meeting otherwise.
func firstLink(ctx context.Context, s *store.Store, url string, now time.Time) ([]string, error) {
	passes, err := s.Passes(ctx)
	if err != nil || slices.ContainsFunc(passes, func(p store.Pass) bool { return p.Kind == store.Admin }) {
		return nil, err
	}
	line, err := adminLink(ctx, s, url, now)
	return []string{line}, err
}

func adminLink(ctx context.Context, s *store.Store, url string, now time.Time) (string, error) {
	_, secret, err := s.Make(ctx, store.AdminLink, 1, store.AdminLinkLife, "", now)
	return "Admin link, works once, for a day: " + passLink(url, "admin", secret), err
}

// passLink has the secret in the fragment, which browsers do not send.
func passLink(url, kind string, secret []byte) string {
	return fmt.Sprintf("%s/#%s=%s", url, kind, base64.RawURLEncoding.EncodeToString(secret))
}

// A keeper is what commands that work on the store have in common.
type keeper struct {
	Data string `placeholder:"DIR" help:"The server's --data. Default: the one that systemd gives."`
}

// with opens the store of a server that has run.
func (k keeper) with(f func(ctx context.Context, s *store.Store, url string) error) error {
	ctx, dir := context.Background(), dataDir(k.Data)
	if dir == "" {
		return errors.New("opening the store: there is no --data; give the one of the server")
	}
	if _, err := os.Stat(filepath.Join(dir, "incamera.db")); errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("opening the store: %s has none; give the --data of a server that has run and is not open to everybody", dir)
	}
	s, err := store.Open(ctx, dir)
	if err != nil {
		return err
	}
	url, err := s.URL(ctx)
	if err == nil {
		err = f(ctx, s, url)
	}
	return errors.Join(err, s.Close())
}

type inviteCommand struct {
	Create inviteCreate `cmd:"" help:"Make an invite, and print its link."`
	List   inviteList   `cmd:"" help:"List invites, tokens and admin passes. Their secrets are nowhere."`
	Revoke inviteRevoke `cmd:"" help:"Make an invite, a token or an admin pass worth nothing. Meetings that were made with it stay."`
}

type inviteCreate struct {
	keeper  `embed:""`
	Uses    int           `env:"-" default:"1" help:"How many meetings may be made with it; 0: as many as you like. Default: ${default}."`
	Expires time.Duration `env:"-" default:"168h" help:"How long it holds. Default: ${default}."`
	Note    string        `env:"-" help:"For the list; nobody else sees it."`
}

func (i *inviteCreate) run(stdout io.Writer) error {
	if i.Uses < 0 || i.Expires <= 0 {
		return errors.New("making an invite: --uses is at least 0, --expires more than 0s")
	}
	uses := i.Uses
	if uses == 0 {
		uses = store.Unlimited
	}
	return i.with(func(ctx context.Context, s *store.Store, url string) error {
		p, secret, err := s.Make(ctx, store.Invite, uses, i.Expires, i.Note, time.Now())
		if err == nil {
			fmt.Fprintf(stdout, "%s\nId %s, until %s.\n", passLink(url, "invite", secret), p.ID, p.Expires.UTC().Format(time.DateTime))
		}
		return err
	})
}

type tokenCommand struct {
	Create tokenCreate `cmd:"" help:"Make a token, and print it."`
}

type tokenCreate struct {
	keeper  `embed:""`
	Expires time.Duration `env:"-" default:"2160h" help:"How long it holds. Default: ${default}."`
	Note    string        `env:"-" help:"For the list; nobody else sees it."`
}

func (c *tokenCreate) run(stdout io.Writer) error {
	if c.Expires <= 0 {
		return errors.New("making a token: --expires is more than 0s")
	}
	return c.with(func(ctx context.Context, s *store.Store, url string) error {
		p, secret, err := s.Make(ctx, store.Token, store.Unlimited, c.Expires, c.Note, time.Now())
		if err == nil {
			fmt.Fprintf(stdout, "%s\nId %s, until %s. Try: curl -H \"Authorization: Bearer …\" %s/api/admin/rooms\n",
				base64.RawURLEncoding.EncodeToString(secret), p.ID, p.Expires.UTC().Format(time.DateTime), url)
		}
		return err
	})
}

type inviteList struct {
	keeper `embed:""`
	JSON   bool `name:"json" env:"-" help:"Print JSON, one to a line."`
}

func (i *inviteList) run(stdout io.Writer) error {
	return i.with(func(ctx context.Context, s *store.Store, _ string) error {
		passes, err := s.Passes(ctx)
		for _, p := range passes {
			if i.JSON {
				printJSON(stdout, p)
				continue
			}
			state, uses := "holds", fmt.Sprint(p.Uses)
			if !p.Valid(time.Now()) {
				state = "ended"
			}
			if p.Uses == store.Unlimited {
				uses = "any"
			}
			fmt.Fprintf(stdout, "%s  %-10s  %s  uses left: %-4s  until %s  %s\n", p.ID, p.Kind, state, uses, p.Expires.Format(time.DateTime), p.Note)
		}
		return err
	})
}

func printJSON(w io.Writer, v any) {
	b, err := json.Marshal(v)
	if err != nil {
		panic(fmt.Sprintf("incamera: internal error: %v", err))
	}
	fmt.Fprintf(w, "%s\n", b)
}

type inviteRevoke struct {
	keeper `embed:""`
	ID     string `arg:"" help:"As invite list shows it."`
}

func (i *inviteRevoke) run(io.Writer) error {
	return i.with(func(ctx context.Context, s *store.Store, _ string) error { return s.Revoke(ctx, i.ID, time.Now()) })
}

type adminLinkCommand struct {
	keeper `embed:""`
}

func (a *adminLinkCommand) run(stdout io.Writer) error {
	return a.with(func(ctx context.Context, s *store.Store, url string) error {
		line, err := adminLink(ctx, s, url, time.Now())
		if err == nil {
			fmt.Fprintln(stdout, line)
		}
		return err
	})
}

type auditCommand struct {
	keeper `embed:""`
	JSON   bool   `name:"json" env:"-" help:"Print JSON, one to a line."`
	Head   string `env:"-" placeholder:"HASH" help:"A hash that was printed before and kept elsewhere: it must still be in the log."`
}

func (a *auditCommand) run(stdout io.Writer) error {
	return a.with(func(ctx context.Context, s *store.Store, _ string) error {
		log, err := s.Audit(ctx)
		for _, e := range log {
			if a.JSON {
				printJSON(stdout, e)
			} else {
				fmt.Fprintf(stdout, "%6d  %s  %-16s  %-10s  %s\n", e.Seq, e.At.Format(time.DateTime), e.Event, e.Subject, e.Hash)
			}
		}
		if err != nil {
			return err
		}
		if a.Head != "" && !slices.ContainsFunc(log, func(e store.Entry) bool { return e.Hash == a.Head }) {
			return errors.New("the audit log was altered: the hash given with --head is not in it; it was cut off or written anew")
		}
		return nil
	})
}
