-- The batch that a call was booked with, by the id that the batch's audit event calls.booked names first.
alter table model_call add column booked_with text;
