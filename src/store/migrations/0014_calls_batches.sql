-- All calls of a batch are looked at together where they are priced anew, and where they are proved.
create index model_call_batch on model_call (organization_id, booked_with);
