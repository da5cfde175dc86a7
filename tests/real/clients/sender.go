// Says to a server, twice in a row, whom it would send mail to; resumes its TLS session if the server lets it.
package main

import (
	"crypto/tls"
	"flag"
	"fmt"
	"log"
	"net/smtp"
)

func main() {
	server := flag.String("server", "", "address and port")
	name := flag.String("name", "", "for EHLO")
	from := flag.String("from", "", "sender")
	to := flag.String("to", "", "recipient")
	certificate := flag.String("cert", "", "PEM of the client's chain; none: no certificate")
	key := flag.String("key", "", "PEM of its key")
	version := flag.Int("version", 0x304, "of TLS, as on the wire")
	flag.Parse()

	settings := &tls.Config{
		InsecureSkipVerify: true,
		MinVersion:         uint16(*version),
		MaxVersion:         uint16(*version),
		ServerName:         "listener.test",
		ClientSessionCache: tls.NewLRUClientSessionCache(1),
	}
	if *certificate != "" {
		pair, err := tls.LoadX509KeyPair(*certificate, *key)
		check(err)
		settings.Certificates = []tls.Certificate{pair}
	}
	for i := 0; i < 2; i++ {
		client, err := smtp.Dial(*server)
		check(err)
		check(client.Hello(*name))
		check(client.StartTLS(settings))
		state, _ := client.TLSConnectionState()
		check(client.Mail(*from))
		fmt.Println("resumed:", state.DidResume, "answer:", client.Rcpt(*to))
		check(client.Quit())
	}
}

func check(err error) {
	if err != nil {
		log.Fatal(err)
	}
}
