package main

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// A Config is what `incamera serve` is told. The tags are the command line;
// each flag is INCAMERA_… in the environment, too.
type Config struct {
	ConfigFile    string   `name:"config" env:"INCAMERA_CONFIG" placeholder:"FILE" help:"Settings in a file: lines of name = \"value\", named like the flags. A flag wins over the environment, the environment over the file."`
	Listen        string   `default:"127.0.0.1:8080" placeholder:"HOST:PORT" help:"Address for the page and signaling (TCP) and for media (UDP, the same port). Port 0 picks a free one. Default: ${default}."`
	Advertise     []string `placeholder:"IP" help:"IP address at which browsers reach this server, by UDP and TCP with the port's number: behind a router or in a container another than it listens on. Repeat for several, such as that of the LAN and the public one. Default: the listening addresses."`
	TLSCert       string   `name:"tls-cert" placeholder:"FILE" help:"Certificate chain, PEM."`
	TLSKey        string   `name:"tls-key" placeholder:"FILE" help:"Private key of the certificate, PEM."`
	TLS           string   `name:"tls" placeholder:"self-signed" help:"self-signed: make an own certificate authority and certificate, print their fingerprints, and serve the authority's at /authority.crt."`
	Domain        string   `placeholder:"NAME" help:"Name by which browsers come. Without a certificate of your own it is got and renewed by ACME, which agrees to the authority's terms; needs --data, and port 443 (TCP) open to the Internet. Listens on [::]:443 unless --listen says otherwise."`
	ACMEDirectory string   `name:"acme-directory" default:"https://acme-v02.api.letsencrypt.org/directory" placeholder:"URL" help:"Directory of the certificate authority (RFC 8555). Default: ${default}."`
	ACMEEmail     string   `name:"acme-email" placeholder:"ADDRESS" help:"Where the certificate authority writes to when something is wrong."`
	Data          string   `placeholder:"DIR" help:"Keep here who may make meetings, the audit log, and the own certificate authority. Without it, all are made anew at each start and nothing is written."`
	Open          bool     `help:"Anybody who reaches the server may make meetings. Without it that needs an invite, unless only this machine reaches it."`

	OIDCIssuer           string   `name:"oidc-issuer" placeholder:"URL" help:"OpenID provider at which people sign in who may make meetings. Its callback for this server is https://HOST/auth/callback. Invites go on to work, and guests need neither."`
	OIDCClientID         string   `name:"oidc-client-id" placeholder:"ID" help:"How the provider knows this server."`
	OIDCClientSecretFile string   `name:"oidc-client-secret-file" placeholder:"FILE" help:"Has the secret that goes with it. Without it this server is a public client, with PKCE alone."`
	OIDCDomains          []string `name:"oidc-domain" placeholder:"DOMAIN" help:"Who has a verified mail address of this domain may make meetings. Repeat for several. With neither this nor --oidc-group: everybody whom the provider signs in."`
	OIDCGroups           []string `name:"oidc-group" placeholder:"GROUP" help:"Who is in this group (claim groups) may make meetings. Repeat for several."`
	OIDCAdminGroups      []string `name:"oidc-admin-group" placeholder:"GROUP" help:"Who is in this group may run the server, too. Repeat for several."`

	Webhook           string `placeholder:"URL" help:"Is told by POST when a room is made and when it is over: no names, no links, no content."`
	WebhookSecretFile string `placeholder:"FILE" help:"Has the secret by which the receiver knows that it is this server (header Incamera-Signature). Needed with --webhook."`

	BrandName string `name:"brand-name" placeholder:"NAME" help:"Own name of this server, such as that of the organisation: the first screens show it beside ours. At most 40 characters."`
	BrandLogo string `name:"brand-logo" placeholder:"FILE" help:"Logo that goes with it: a PNG of at most 64 KiB and 512 pixels each way."`

	BehindProxy bool   `help:"A reverse proxy ends TLS: plain HTTP is allowed on any address, and clients are told apart by the last X-Forwarded-For. The proxy must pass on Host and websockets, and nobody else may reach this port."`
	Metrics     string `default:"127.0.0.1:9090" placeholder:"HOST:PORT" help:"Loopback address for /metrics, /healthz, /readyz and /debug/pprof. Empty: none. Default: ${default}."`
	LogFormat   string `default:"text" enum:"text,json" help:"Form of the log on stderr: text or json."`
	LogLevel    string `default:"info" enum:"debug,info,warn,error" help:"Least level that is logged: debug, info, warn or error. Default: ${default}."`

	Trace      string `placeholder:"DIR" help:"Write here, for each meeting, what the media plane was told about networks and what it decided by that: times, rates and sizes of packets, by numbers that mean nothing elsewhere; no names, ids, addresses or content. For incamera trace replay. Without it nothing is written."`
	TraceSize  int    `default:"100" placeholder:"MB" help:"Most that is written of one meeting, in MB. A meeting of four takes about 100 in an hour. Default: ${default}."`
	TraceFiles int    `default:"20" placeholder:"N" help:"How many meetings' files are kept; the oldest are removed. Default: ${default}."`

	MaxFile   int           `default:"100" placeholder:"MB" help:"Largest file that people can send each other, in MB of what it takes sealed, up to 4 % more than itself. 0: no files here. Default: ${default}."`
	RoomFiles int           `default:"500" placeholder:"MB" help:"All files of one meeting together, in MB. Default: ${default}."`
	AllFiles  int           `default:"5000" placeholder:"MB" help:"All files of all meetings together, in MB: disk space under --data, or else in the system's folder for temporary files. Default: ${default}."`
	FileLife  time.Duration `default:"24h" placeholder:"TIME" help:"How long a file can be had. It is gone with the meeting in any case. Default: ${default}."`

	Drain time.Duration `default:"0s" placeholder:"TIME" help:"How long meetings may go on after SIGTERM, such as 15m. Nobody can begin a new one meanwhile. Default: ${default}, which ends them at once; clients come back by themselves when the server does."`
}

const selfSigned = "self-signed"

// check reports all that is wrong at once, each with its remedy.
func (c *Config) check() error {
	return errors.Join(c.checkListen(), c.checkPublic(), c.checkTLS(), c.checkMetrics(), c.checkFiles(), c.checkDrain(), c.checkSignIn(), c.checkWebhook(), c.checkBrand(), c.checkTrace())
}

func (c *Config) secure() bool { return c.TLS == selfSigned || c.TLSCert != "" || c.Domain != "" }

// acme reports whether certificates are got by ACME.
func (c *Config) acme() bool { return c.Domain != "" && c.TLS == "" && c.TLSCert == "" }

// domainListen is where a server with a domain listens by default: certificate
// authorities and people who type the name come to 443.
const domainListen = "[::]:443"

func (c *Config) checkListen() error {
	host, port, err := splitAddress(c.Listen)
	if err != nil {
		return fmt.Errorf("--listen %q: %w", c.Listen, err)
	}
	if c.secure() || c.BehindProxy || host.IsLoopback() {
		return nil
	}
	return fmt.Errorf("--listen %s: browsers give camera and microphone to secure pages only, and plain HTTP is secure on this machine alone. "+
		"Give --domain, or --tls-cert and --tls-key, or --tls self-signed, or --behind-proxy if a proxy ends TLS, or --listen 127.0.0.1:%d", c.Listen, port)
}

func (c *Config) checkPublic() error {
	var problems []error
	for _, text := range c.Advertise {
		a, err := netip.ParseAddr(text)
		switch {
		case err != nil:
			problems = append(problems, fmt.Errorf("--advertise %q: not an IP address; a name has to be looked up first", text))
		case a.IsUnspecified() || a.IsMulticast():
			problems = append(problems, fmt.Errorf("--advertise %s: nobody can be reached there; give the address that browsers connect to", text))
		}
	}
	return errors.Join(problems...)
}

func (c *Config) checkTLS() error {
	var problems []error
	if (c.TLSCert == "") != (c.TLSKey == "") {
		problems = append(problems, errors.New("--tls-cert and --tls-key belong together: give both or none"))
	}
	switch {
	case c.TLS != "" && c.TLS != selfSigned:
		problems = append(problems, fmt.Errorf("--tls %q: the only value is %s; a certificate of your own goes in --tls-cert and --tls-key", c.TLS, selfSigned))
	case c.TLS == selfSigned && c.TLSCert != "":
		problems = append(problems, errors.New("--tls self-signed and --tls-cert: give one of the two"))
	}
	if c.Domain != "" {
		problems = append(problems, c.checkDomain())
	}
	return errors.Join(problems...)
}

var domainName = regexp.MustCompile(`^([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]([a-z0-9-]{0,61}[a-z0-9])?$`)

func (c *Config) checkDomain() error {
	name := strings.ToLower(c.Domain)
	if len(name) > 253 || !domainName.MatchString(name) {
		return fmt.Errorf("--domain %q: want a name such as meet.example.org, without scheme and port", c.Domain)
	}
	if !c.acme() {
		return nil
	}
	var problems []error
	if c.BehindProxy {
		problems = append(problems, errors.New("--domain and --behind-proxy: the proxy has the certificate; leave --domain out"))
	}
	if c.Data == "" {
		problems = append(problems, errors.New("--domain needs --data: certificate authorities make few certificates for a name in a week, so they have to be kept"))
	}
	if u, err := url.Parse(c.ACMEDirectory); err != nil || u.Scheme != "https" || u.Host == "" {
		problems = append(problems, fmt.Errorf("--acme-directory %q: want a URL that begins with https://", c.ACMEDirectory))
	}
	return errors.Join(problems...)
}

func (c *Config) checkMetrics() error {
	if c.Metrics == "" {
		return nil
	}
	host, _, err := splitAddress(c.Metrics)
	if err != nil {
		return fmt.Errorf("--metrics %q: %w", c.Metrics, err)
	}
	if !host.IsLoopback() {
		return fmt.Errorf("--metrics %s: profiles show what the server holds in memory, so this listens on loopback only. "+
			"Give --metrics 127.0.0.1:9090 and fetch it through a tunnel or an exporter on this machine", c.Metrics)
	}
	return nil
}

// maxDrain is the longest that --drain may be. Longer, and a server that was
// told to stop is taken for one that hangs.
const maxDrain = 24 * time.Hour

func (c *Config) checkDrain() error {
	if c.Drain < 0 || c.Drain > maxDrain {
		return fmt.Errorf("--drain %v: want a time from 0s to %v", c.Drain, maxDrain)
	}
	return nil
}

// maxFileMB bounds the settings of files: 8 TB.
const maxFileMB = 8 << 20

func (c *Config) checkFiles() error {
	var problems []error
	for name, mb := range map[string]int{"--max-file": c.MaxFile, "--room-files": c.RoomFiles, "--all-files": c.AllFiles} {
		if mb < 0 || mb > maxFileMB {
			problems = append(problems, fmt.Errorf("%s %d: want a number of MB from 0 to %d", name, mb, maxFileMB))
		}
	}
	if c.MaxFile > c.RoomFiles || c.RoomFiles > c.AllFiles {
		problems = append(problems, fmt.Errorf("--max-file %d, --room-files %d, --all-files %d: a file must fit into what a meeting may have, and that into what all may have", c.MaxFile, c.RoomFiles, c.AllFiles))
	}
	if c.MaxFile > 0 && c.FileLife < time.Minute {
		problems = append(problems, fmt.Errorf("--file-life %v: want at least a minute", c.FileLife))
	}
	return errors.Join(problems...)
}

// splitAddress takes HOST:PORT apart. An empty host is all addresses,
// localhost is 127.0.0.1; other names are refused, for what they mean changes.
func splitAddress(text string) (netip.Addr, uint16, error) {
	host, portText, err := net.SplitHostPort(text)
	if err != nil {
		return netip.Addr{}, 0, errors.New("want HOST:PORT, such as 127.0.0.1:8080 or [::1]:8080")
	}
	port, err := strconv.ParseUint(portText, 10, 16)
	if err != nil {
		return netip.Addr{}, 0, fmt.Errorf("port %q is not a number from 0 to 65535", portText)
	}
	switch {
	case host == "":
		return netip.IPv6Unspecified(), uint16(port), nil
	case strings.EqualFold(host, "localhost"):
		host = "127.0.0.1"
	}
	addr, err := netip.ParseAddr(host)
	if err != nil {
		return netip.Addr{}, 0, fmt.Errorf("%q is not an IP address", host)
	}
	return addr, uint16(port), nil
}
