package signaling

import (
	"context"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"io"
	"net/http"
	"strconv"
	"time"

	"incamera/signaling/files"
	"incamera/signaling/wire"
)

// Files (PROTOCOL.md 1.7): sealed bytes on their way from one member to others.

const (
	// maxPiece bounds the body of one request, and so how much is sent again
	// when a connection breaks.
	maxPiece = 4 << 20
	// pieceTime is how long one request may take: below 70 kB/s a client sends
	// smaller ones.
	pieceTime = time.Minute
	// sweepEvery is how often files whose time is over are let go of.
	sweepEvery = time.Minute
)

const (
	textNoFile   = "There is no such file. It may have expired."
	textNoMember = "Only who is in the meeting can send files."
)

// handleFiles adds the routes, where the server keeps files at all.
func (s *Server) handleFiles() {
	if s.cfg.Files == nil {
		return
	}
	s.mux.Handle("/api/files", s.guard("file", http.MethodPost, s.openFile))
	for method, handler := range map[string]http.HandlerFunc{
		http.MethodPut: s.putFile, http.MethodGet: s.getFile, http.MethodDelete: s.deleteFile,
	} {
		s.mux.Handle(method+" /api/files/{room}/{id}", s.guard("file", method, handler))
	}
	s.loops.Add(1)
	go func() {
		defer s.loops.Done()
		s.sweepFiles(s.life)
	}()
}

func (s *Server) sweepFiles(ctx context.Context) {
	tick := time.NewTicker(sweepEvery)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
			s.cfg.Files.Expire(time.Now())
		case <-ctx.Done():
			return
		}
	}
}

// openFile lets a member send a file, or go on with it.
func (s *Server) openFile(w http.ResponseWriter, r *http.Request) {
	m, ok := read[wire.OpenFile](w, r)
	if !ok {
		return
	}
	s.mu.Lock()
	e := s.rooms[m.Room]
	s.mu.Unlock()
	if e == nil || !e.room.IsMember(r.Context(), m.Session, m.Secret) {
		s.counters.refused.Add(1)
		answerError(w, http.StatusForbidden, wire.CodeRefused, textNoMember)
		return
	}
	grant, received, err := s.cfg.Files.Open(m.Room, files.ID(m.ID), string(m.Session), int64(m.Size), time.Now())
	if err != nil {
		s.answerFile(w, err)
		return
	}
	if s.roomOver(m.Room, e) {
		s.cfg.Files.EndRoom(m.Room)
		s.answerFile(w, files.ErrNone)
		return
	}
	answer(w, http.StatusCreated, wire.EncodeBody(wire.FileOpened{Grant: grant, Received: uint64(received)}))
}

// roomOver reports whether a room has ended meanwhile: then nobody would remove
// its files.
func (s *Server) roomOver(name string, e *entry) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.rooms[name] != e
}

func (s *Server) putFile(w http.ResponseWriter, r *http.Request) {
	id, grant, ok := fileOf(r, "Incamera-Grant")
	offset, err := strconv.ParseInt(r.Header.Get("Incamera-Offset"), 10, 64)
	if !ok || err != nil {
		answerError(w, http.StatusNotFound, wire.CodeRefused, textNoFile)
		return
	}
	_ = http.NewResponseController(w).SetReadDeadline(time.Now().Add(pieceTime)) // one without deadlines is of a test
	received, err := s.cfg.Files.Write(r.PathValue("room"), id, grant, offset, http.MaxBytesReader(w, r.Body, maxPiece), time.Now)
	if err != nil {
		s.answerFile(w, err)
		return
	}
	answer(w, http.StatusOK, wire.EncodeBody(wire.FileReceived{Received: uint64(received)}))
}

// getFile needs the room's token beside the file's id. It understands ranges,
// so that a download can go on after a break.
func (s *Server) getFile(w http.ResponseWriter, r *http.Request) {
	id, token, ok := fileOf(r, "Incamera-Token")
	if !ok {
		answerError(w, http.StatusNotFound, wire.CodeRefused, textNoFile)
		return
	}
	if _, _, err := s.open(r.PathValue("room"), token); err != nil {
		answerError(w, http.StatusNotFound, wire.CodeRefused, textNoFile)
		return
	}
	err := s.cfg.Files.Read(r.PathValue("room"), id, time.Now(), func(f *io.SectionReader) {
		h := w.Header()
		h.Set("Content-Type", "application/octet-stream")
		h.Set("Content-Disposition", "attachment")
		h.Set("Cache-Control", "no-store")
		http.ServeContent(w, r, "", time.Time{}, f)
	})
	if err != nil {
		s.answerFile(w, err)
	}
}

func (s *Server) deleteFile(w http.ResponseWriter, r *http.Request) {
	id, grant, ok := fileOf(r, "Incamera-Grant")
	if !ok || s.cfg.Files.Remove(r.PathValue("room"), id, grant) != nil {
		answerError(w, http.StatusNotFound, wire.CodeRefused, textNoFile)
		return
	}
	answer(w, http.StatusOK, []byte("{}"))
}

// fileOf reads which file a request is about, and the capability in a header:
// in the address it would end up in logs.
func fileOf(r *http.Request, header string) (id files.ID, capability []byte, ok bool) {
	b, err := hex.DecodeString(r.PathValue("id"))
	if err != nil || len(b) != len(id) {
		return id, nil, false
	}
	capability, err = base64.StdEncoding.DecodeString(r.Header.Get(header))
	return files.ID(b), capability, err == nil && len(capability) == wire.TokenSize
}

func (s *Server) answerFile(w http.ResponseWriter, err error) {
	switch {
	case errors.Is(err, files.ErrNone):
		answerError(w, http.StatusNotFound, wire.CodeRefused, textNoFile)
	case errors.Is(err, files.ErrTooLarge):
		s.counters.filesRefused.Add(1)
		answerError(w, http.StatusRequestEntityTooLarge, wire.CodeInvalid, "The file is larger than this server takes.")
	case errors.Is(err, files.ErrRoomFull):
		s.counters.filesRefused.Add(1)
		answerError(w, http.StatusInsufficientStorage, wire.CodeFull, "The files of this meeting have no more room on the server. Files that their senders take back make room.")
	case errors.Is(err, files.ErrFull):
		s.counters.filesRefused.Add(1)
		s.cfg.Log.Warn("no room for files; raise --max-files or the disk's space", "error", err)
		answerError(w, http.StatusInsufficientStorage, wire.CodeFull, "The server has no room for files now. Try again later.")
	case errors.Is(err, files.ErrOffset):
		answerError(w, http.StatusConflict, wire.CodeInvalid, "These bytes are not the next ones.")
	default: // the client's connection broke, or took too long
		answerError(w, http.StatusRequestTimeout, wire.CodeRate, "The upload took too long.")
	}
}
